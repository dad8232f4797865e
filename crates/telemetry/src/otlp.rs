//! What clients push: `MetricsData` of the OpenTelemetry protocol, in Protocol Buffers.
//!
//! ```text
//! MetricsData ─ ResourceMetrics ┬ Resource ─ attributes
//!                               └ ScopeMetrics ─ Metric ┬ name, unit
//!                                                       └ gauge, sum, … ─ data points ┬ value, time
//!                                                                                     └ attributes
//! ```
//!
//! It is read where it lies: nothing is allocated, whatever it claims. Of what OpenTelemetry has beyond this picture (exemplars, buckets,
//! scopes) nothing is read.

use crate::attributes::Attributes;
use crate::protobuf::{Content, Fields, Malformed, text};

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// The name of what is measured.
    pub metric: &'a str,
    pub unit: &'a str,
    pub reading: Reading,
    /// When it was measured, in nanoseconds since 1970-01-01 UTC; 0 where nobody says.
    pub unix_nanos: u64,
    pub attributes: Attributes<'a>,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    Integer(i64),
    Real(f64),
    /// A histogram or a summary: of how many measurements, and what they come to.
    Several {
        count: u64,
        sum: f64,
    },
    /// There was nothing to be measured.
    Nothing,
}

/// How much there is in a push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub metrics: usize,
    pub points: usize,
}

/// Reads `metrics` and hands out every data point, up to the first error, each with what `resource` makes of the attributes of the
/// client. Those are handed out once for all their data points: whoever reads them for each one works without a bound.
///
/// # Errors
/// [`Malformed`]: what was handed out should not have been, then. Whoever must know beforehand reads twice.
pub fn read<'a, R>(
    metrics: &'a [u8],
    mut resource: impl FnMut(Attributes<'a>) -> R,
    mut each: impl FnMut(&Point<'a>, &R),
) -> Result<Counts, Malformed> {
    let mut counts = Counts::default();
    for field in Fields::of(metrics) {
        if let (1, Content::Bytes(message)) = field? {
            let mut walk = Walk {
                resource: resource(resource_of(message)?),
                each: &mut each,
                counts: &mut counts,
            };
            walk.resource_metrics(message)?;
        }
    }
    Ok(counts)
}

/// What comes first may have been written last.
fn resource_of(message: &[u8]) -> Result<Attributes<'_>, Malformed> {
    let mut resource = Attributes::NONE;
    for field in Fields::of(message) {
        if let (1, Content::Bytes(message)) = field? {
            resource = Attributes::read(message, 1)?;
        }
    }
    Ok(resource)
}

/// Through the metrics of one client.
struct Walk<'w, R, F> {
    resource: R,
    each: &'w mut F,
    counts: &'w mut Counts,
}

/// Of a metric, but for its data points.
#[derive(Clone, Copy)]
struct Head<'a> {
    metric: &'a str,
    unit: &'a str,
}

impl<'a, R, F: FnMut(&Point<'a>, &R)> Walk<'_, R, F> {
    fn resource_metrics(&mut self, message: &'a [u8]) -> Result<(), Malformed> {
        for field in Fields::of(message) {
            if let (2, Content::Bytes(message)) = field? {
                self.scope_metrics(message)?;
            }
        }
        Ok(())
    }

    fn scope_metrics(&mut self, message: &'a [u8]) -> Result<(), Malformed> {
        for field in Fields::of(message) {
            if let (2, Content::Bytes(message)) = field? {
                self.metric(message)?;
            }
        }
        Ok(())
    }

    fn metric(&mut self, message: &'a [u8]) -> Result<(), Malformed> {
        let mut head = Head {
            metric: "",
            unit: "",
        };
        for field in Fields::of(message) {
            match field? {
                (1, Content::Bytes(bytes)) => head.metric = text(bytes)?,
                (3, Content::Bytes(bytes)) => head.unit = text(bytes)?,
                _ => {}
            }
        }
        for field in Fields::of(message) {
            match field? {
                // A gauge and a sum.
                (5 | 7, Content::Bytes(data)) => self.points(data, head, 7, number)?,
                (HISTOGRAM, Content::Bytes(data)) => self.points(data, head, 9, several)?,
                (EXPONENTIAL_HISTOGRAM, Content::Bytes(data)) => {
                    self.points(data, head, 1, several)?;
                }
                (SUMMARY, Content::Bytes(data)) => self.points(data, head, 7, several)?,
                _ => {}
            }
        }
        self.counts.metrics += 1;
        Ok(())
    }

    /// `attributes` is the number of their field in a data point.
    fn points(
        &mut self,
        data: &'a [u8],
        head: Head<'a>,
        attributes: u32,
        reading: fn(&[u8]) -> Result<Reading, Malformed>,
    ) -> Result<(), Malformed> {
        for field in Fields::of(data) {
            let (1, Content::Bytes(message)) = field? else {
                continue;
            };
            let point = Point {
                metric: head.metric,
                unit: head.unit,
                reading: reading(message)?,
                unix_nanos: measured_at(message)?,
                attributes: Attributes::read(message, attributes)?,
            };
            self.counts.points += 1;
            (self.each)(&point, &self.resource);
        }
        Ok(())
    }
}

const HISTOGRAM: u32 = 9;
const EXPONENTIAL_HISTOGRAM: u32 = 10;
const SUMMARY: u32 = 11;

/// Every kind of data point has its time in the same field.
fn measured_at(message: &[u8]) -> Result<u64, Malformed> {
    let mut unix_nanos = 0;
    for field in Fields::of(message) {
        if let (3, Content::Fixed64(nanos)) = field? {
            unix_nanos = nanos;
        }
    }
    Ok(unix_nanos)
}

fn number(message: &[u8]) -> Result<Reading, Malformed> {
    let mut reading = Reading::Nothing;
    for field in Fields::of(message) {
        reading = match field? {
            (4, Content::Fixed64(bits)) => Reading::Real(f64::from_bits(bits)),
            (6, Content::Fixed64(bits)) => Reading::Integer(bits.cast_signed()),
            _ => reading,
        };
    }
    Ok(reading)
}

fn several(message: &[u8]) -> Result<Reading, Malformed> {
    let (mut count, mut sum) = (0, 0.0);
    for field in Fields::of(message) {
        match field? {
            (4, Content::Fixed64(bits)) => count = bits,
            (5, Content::Fixed64(bits)) => sum = f64::from_bits(bits),
            _ => {}
        }
    }
    Ok(Reading::Several { count, sum })
}

#[cfg(test)]
mod tests;
