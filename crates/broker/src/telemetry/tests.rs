use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ottla_wire::metadata_record::ConfigRecord;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::*;
use crate::net::BoundListener;

/// A client `a` with software `s`, version 1.
fn caller() -> Caller {
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9092);
    let listener = BoundListener {
        name: "PLAINTEXT".into(),
        address,
        is_controller: false,
    };
    let caller = Caller::anonymous(&listener, address, address);
    caller.introduce(Software::named("s", "1"));
    caller
}

#[test]
fn clients_are_asked_for_what_the_metadata_says() {
    let mut image = Image::default();
    let software =
        "client_software_name=s,client_software_version=1,client_source_address=127.0.0.1";
    for (subscription, name, value) in [
        ("all", "metrics", "a."),
        ("all", "match", software),
        ("others", "metrics", "b."),
        ("others", "match", "client_software_name=t"),
        // Of a controller that knows more expressions.
        ("unreadable", "metrics", "c."),
        ("unreadable", "match", "client_id=(?!x).*"),
    ] {
        let record = ConfigRecord {
            resource_type: Resource::CLIENT_METRICS,
            resource_name: subscription.into(),
            name: name.into(),
            value: Some(value.into()),
        };
        let offset = image.offset().next();
        image.apply(&record.into(), offset).expect("they fit");
    }
    let telemetry = Telemetry::new(true, 100);
    telemetry.subscribe(&image);
    let caller = caller();
    let context = Context {
        caller: &caller,
        client_id: Some("a"),
        version: 0,
    };
    let ask = || telemetry.ask(context, Uuid::from_u128(7), Monotonic::default());
    let asked = ask().expect("it was never here");
    assert_eq!(asked.metrics, ["a."]);
    assert!(ask().is_err());
    // Another connection from the same address, which asked nothing.
    telemetry.disconnected(&self::caller());
    assert!(ask().is_err());
    telemetry.disconnected(&caller);
    assert!(ask().is_ok());
}

#[test]
fn a_long_text_is_cut_between_two_characters() {
    assert_eq!(shortened("short"), "short");
    let longest = "x".repeat(LONGEST_TEXT);
    assert_eq!(shortened(&longest), longest);
    let cut = shortened(format_args!(
        "{}{}",
        "x".repeat(LONGEST_TEXT - 1),
        "\u{e4}b"
    ));
    assert_eq!(cut.len(), LONGEST_TEXT - 1);
}

/// What is written, field by field: every text and number of every line.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Line>>>);

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0.lock().push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line(Vec<(&'static str, String)>);

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }
}

/// One metric `m`, whose only data point is 7.
const METRICS: &[u8] = b"\x0a\x14\x12\x12\x12\x10\x0a\x01m\x2a\x0b\x0a\x09\x31\x07\0\0\0\0\0\0\0";

#[test]
fn clients_that_are_new_each_time_and_have_long_names_fill_no_disk() {
    let lines = Lines::default();
    let telemetry = Telemetry::new(true, 100);
    let caller = caller();
    let name = "x".repeat(i16::MAX as usize);
    let context = Context {
        caller: &caller,
        client_id: Some(&name),
        version: 0,
    };
    let push = |instance, milliseconds| {
        let now = Monotonic(Duration::from_millis(milliseconds));
        let client_instance_id = Uuid::from_u128(instance);
        let asked = telemetry.ask(context, client_instance_id, now);
        let request = PushTelemetryRequest {
            client_instance_id,
            subscription_id: asked.expect("it was never here").subscription_id,
            metrics: Cow::Borrowed(METRICS),
            ..Default::default()
        };
        assert_eq!(telemetry.push(context, &request, now), Ok(()));
    };
    let most = u128::from(MOST_PUSHES);
    tracing::subscriber::with_default(lines.clone(), || {
        (0..most + 7).for_each(|number| push(2 + number, 5000));
        push(2 + most + 7, 6000);
    });
    let lines = lines.0.lock();
    // One for the push and one for its data point.
    assert_eq!(lines.len(), 2 * (MOST_PUSHES as usize + 1));
    let longest = &name[..LONGEST_TEXT];
    for line in &*lines {
        assert!(line.0.contains(&("client_id", longest.to_owned())));
    }
    let unsaid = lines
        .iter()
        .flat_map(|line| &line.0)
        .filter(|(name, _)| *name == "unsaid");
    assert_eq!(unsaid.collect::<Vec<_>>(), [&("unsaid", "7".to_owned())]);
}
