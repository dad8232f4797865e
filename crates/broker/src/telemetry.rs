//! The metrics that clients push (KIP-714): what they are asked for follows the metadata, and what comes goes to the log.

use std::fmt::{self, Display, Write};

use ottla_config::Settings;
use ottla_config::client_metrics::{ClientMetricsConfig, Problem};
use ottla_metadata::{Image, Resource};
use ottla_model::{ErrorCode, Monotonic, Uuid};
use ottla_telemetry::{Asked, Client, Instances, Point, Push, Reading, otlp, unpack};
use ottla_wire::message::push_telemetry::PushTelemetryRequest;
use parking_lot::Mutex;
use tracing::{Level, Value};

use crate::net::Complaints;
use crate::request::{Caller, Context, Software, java_address};

/// Pushes in a second that are written of. No bound for clients that keep to their intervals: thirty thousand do so at the usual one.
const MOST_PUSHES: u32 = 100;
/// Data points of one push that get a line each: no client has nearly as many, and one that means ill fills no disk.
const MOST_LINES: usize = 10_000;
/// The longest name, client id and row of attributes that a line has. Bytes.
const LONGEST_TEXT: usize = 512;

pub(crate) struct Telemetry {
    is_exported: bool,
    max_bytes: i32,
    instances: Mutex<Instances>,
    written: Complaints,
}

impl Telemetry {
    /// `is_exported`: what clients push goes to the log. `max_bytes`: the most in one push, packed and unpacked.
    pub(crate) fn new(is_exported: bool, max_bytes: i32) -> Self {
        let instances = Instances::new(max_bytes.unsigned_abs() as usize);
        Self {
            is_exported,
            max_bytes,
            instances: Mutex::new(instances),
            written: Complaints::of_at_most(MOST_PUSHES),
        }
    }

    pub(crate) fn is_exported(&self) -> bool {
        self.is_exported
    }

    pub(crate) fn max_bytes(&self) -> i32 {
        self.max_bytes
    }

    /// From now on clients are asked for what the image says.
    pub(crate) fn subscribe(&self, image: &Image) {
        let mut subscriptions = Vec::new();
        for (resource, configs) in image.configs().of_kind(Resource::CLIENT_METRICS) {
            let configs = configs.iter().map(|(name, value)| (&**name, &**value));
            match ClientMetricsConfig::new(&Settings::of_client_metrics(configs)) {
                Ok(subscription) => subscriptions.push(subscription),
                Err(Problem::Interval(problem) | Problem::Match(problem)) => {
                    tracing::warn!(
                        subscription = &*resource.name,
                        problem,
                        "no client is asked for these metrics"
                    );
                }
            }
        }
        self.instances.lock().subscribe(subscriptions);
    }

    /// # Errors
    /// As [`Instances::ask`] has them.
    pub(crate) fn ask(
        &self,
        context: Context<'_>,
        instance_id: Uuid,
        now: Monotonic,
    ) -> Result<Asked, ErrorCode> {
        let asks = |client: &Client<'_>| self.instances.lock().ask(client, now);
        with_client(context, instance_id, asks)
    }

    /// # Errors
    /// As [`Instances::push`] and [`unpack`] have them, and `InvalidRecord` for what is no metrics.
    pub(crate) fn push(
        &self,
        context: Context<'_>,
        request: &PushTelemetryRequest<'_>,
        now: Monotonic,
    ) -> Result<(), ErrorCode> {
        let push = Push {
            subscription_id: request.subscription_id,
            is_terminating: request.terminating,
            compression_code: request.compression_type,
            bytes: request.metrics.len(),
        };
        with_client(context, request.client_instance_id, |client| {
            let compression = self.instances.lock().push(client, &push, now)?;
            if push.bytes == 0 {
                return Ok(());
            }
            let most = self.max_bytes.unsigned_abs() as usize;
            let metrics = unpack(compression, &request.metrics, most)?;
            match self.is_exported {
                true => self.export(client, push.is_terminating, &metrics, now),
                false => Ok(()),
            }
        })
    }

    /// A line for the push, and for each data point where that is asked for. Of pushes beyond [`MOST_PUSHES`] the next line has the
    /// number.
    ///
    /// # Errors
    /// `InvalidRecord`, and no line, for what is no metrics.
    fn export(
        &self,
        client: &Client<'_>,
        is_terminating: bool,
        metrics: &[u8],
        now: Monotonic,
    ) -> Result<(), ErrorCode> {
        let counts = otlp::read(metrics, |_| (), |_, ()| ()).map_err(|problem| {
            tracing::debug!(client_instance_id = %client.instance_id, peer = %client.connection, %problem, "these are no metrics");
            ErrorCode::InvalidRecord
        })?;
        let Some(unsaid) = self.written.admit(now) else {
            return Ok(());
        };
        let client_id = client.client_id.map(shortened);
        let client = Client {
            client_id: client_id.as_deref(),
            ..*client
        };
        tracing::info!(
            client_instance_id = %client.instance_id,
            client_id = client.client_id,
            software_name = client.software_name,
            software_version = client.software_version,
            peer = %client.connection,
            metrics = counts.metrics,
            data_points = counts.points,
            bytes = metrics.len(),
            terminating = is_terminating,
            unsaid = (unsaid > 0).then_some(unsaid),
            "a client pushes its metrics"
        );
        if tracing::enabled!(Level::DEBUG) {
            write_points(&client, metrics);
        }
        Ok(())
    }

    /// Nothing more comes over the connection. Most connections have nothing to do with metrics, and wait for nobody here.
    pub(crate) fn disconnected(&self, caller: &Caller) {
        if caller.is_in_telemetry() {
            self.instances.lock().disconnected(caller.peer);
        }
    }
}

fn with_client<T>(
    context: Context<'_>,
    instance_id: Uuid,
    with: impl FnOnce(&Client<'_>) -> T,
) -> T {
    context.caller.enter_telemetry();
    let Software { name, version } = context.caller.software();
    let address = java_address(context.caller.host());
    with(&Client {
        instance_id,
        client_id: context.client_id,
        software_name: &name,
        software_version: &version,
        connection: context.caller.peer,
        source_address: address.trim_start_matches('/'),
    })
}

/// `metrics` were read before, without an error.
fn write_points(client: &Client<'_>, metrics: &[u8]) {
    let mut lines = 0;
    let each = |point: &Point<'_>, resource: &String| {
        lines += 1;
        if lines <= MOST_LINES {
            write_line(client, point, resource);
        }
    };
    otlp::read(metrics, shortened, each).expect("they were read just now");
}

fn write_line(client: &Client<'_>, point: &Point<'_>, resource: &str) {
    let (mut value, mut count, mut sum): (Option<&dyn Value>, _, _) = (None, None, None);
    match &point.reading {
        Reading::Integer(number) => value = Some(number),
        Reading::Real(number) => value = Some(number),
        Reading::Several { count: of, sum: to } => (count, sum) = (Some(*of), Some(*to)),
        Reading::Nothing => {}
    }
    tracing::debug!(
        client_instance_id = %client.instance_id,
        client_id = client.client_id,
        metric = shortened(point.metric),
        unit = shortened(point.unit),
        value,
        count,
        sum,
        attributes = shortened(point.attributes),
        resource,
        unix_nanos = point.unix_nanos,
        "a metric of a client"
    );
}

/// At most [`LONGEST_TEXT`], of which no more is made.
fn shortened(shown: impl Display) -> String {
    struct Shortened(String);

    impl Write for Shortened {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let kept = text.floor_char_boundary(LONGEST_TEXT - self.0.len());
            self.0.push_str(&text[..kept]);
            if kept < text.len() {
                Err(fmt::Error)
            } else {
                Ok(())
            }
        }
    }

    let mut text = Shortened(String::new());
    // The error is that it was longer.
    let _ = write!(text, "{shown}");
    text.0
}

#[cfg(test)]
mod tests;
