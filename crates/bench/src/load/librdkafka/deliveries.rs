//! What becomes of the records that were handed to a producer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ottla_model::Monotonic;
use rdkafka::client::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};

use crate::load::progress::{Latencies, Progress};

/// Hears of each record, on the thread that polls its producer.
pub(super) struct Deliveries {
    progress: Progress,
    record_bytes: u64,
    have_failed: AtomicBool,
    heard: Mutex<Heard>,
}

struct Heard {
    latencies: Latencies,
    /// Of the first record that was not delivered.
    failure: Option<KafkaError>,
}

impl Deliveries {
    pub(super) fn new(progress: &Progress, record_bytes: u64) -> Self {
        Self {
            progress: progress.clone(),
            record_bytes,
            have_failed: AtomicBool::new(false),
            heard: Mutex::new(Heard {
                latencies: Latencies::new(),
                failure: None,
            }),
        }
    }

    pub(super) fn have_failed(&self) -> bool {
        self.have_failed.load(Ordering::Relaxed)
    }

    /// How long they took, unless one has failed.
    pub(super) fn outcome(&self) -> Result<Latencies, KafkaError> {
        let heard = self.heard();
        match &heard.failure {
            Some(error) => Err(error.clone()),
            None => Ok(heard.latencies.clone()),
        }
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        // A histogram is whole between any two records.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {}

/// From when a record's latency counts, in the place of a pointer: nanoseconds of the load's clock.
pub(super) fn opaque(since: Monotonic) -> usize {
    usize::try_from(since.0.as_nanos()).expect("64 bits of nanoseconds are 584 years")
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, delivery: &DeliveryResult<'_>, since: usize) {
        let mut heard = self.heard();
        match delivery {
            Ok(_) => {
                let since = Duration::from_nanos(since as u64);
                let latency = self.progress.now() - Monotonic(since);
                heard.latencies.record(&self.progress, latency);
                self.progress.count_records(1, self.record_bytes);
            }
            Err((error, _)) => {
                self.have_failed.store(true, Ordering::Relaxed);
                heard.failure.get_or_insert_with(|| error.clone());
            }
        }
    }
}
