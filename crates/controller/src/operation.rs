//! What one request may change at once: its records are one batch, which whoever starts later has to read.

use ottla_model::ErrorCode;
use ottla_wire::metadata_record::MetadataRecord;

use crate::controller::Refusal;

/// As many as Kafka's.
pub(crate) const MAX_RECORDS: usize = 10_000;

/// The records of a request, up to as many as it may make.
#[derive(Debug, Default)]
pub(crate) struct Operation {
    records: Vec<MetadataRecord<'static>>,
}

impl Operation {
    /// Takes all of them or none.
    pub(crate) fn add(&mut self, more: Vec<MetadataRecord<'static>>) -> Result<(), Refusal> {
        if more.len() > MAX_RECORDS - self.records.len() {
            return Err(too_large());
        }
        self.records.extend(more);
        Ok(())
    }

    /// None where the request is only tried.
    pub(crate) fn records(self, validate_only: bool) -> Vec<MetadataRecord<'static>> {
        if validate_only {
            Vec::new()
        } else {
            self.records
        }
    }
}

pub(crate) fn too_large() -> Refusal {
    let message = format!(
        "a request may change at most {MAX_RECORDS} things at once: divide it into several"
    );
    Refusal::new(ErrorCode::PolicyViolation, message)
}

/// How many partitions a client may still create and delete (KIP-599): anything while it is not below zero, so that one request may overdraw
/// it. `None` for all it asks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Permits(pub Option<f64>);

impl Permits {
    pub(crate) fn take(&mut self, partitions: usize) -> Result<(), Refusal> {
        match &mut self.0 {
            Some(left) if *left < 0.0 => {
                let message = "The throttling quota has been exceeded.";
                return Err(Refusal::new(ErrorCode::ThrottlingQuotaExceeded, message));
            }
            Some(left) => *left -= partitions as f64,
            None => {}
        }
        Ok(())
    }
}
