//! The loops of `limit`, as rows of the comparison.

use std::path::Path;

use serde_json::Value;

use super::results::Figure;
use crate::size::{GIB, Size};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Receive,
    Send,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct BareLoop {
    pub(super) shape: Shape,
    /// What is sent in a request; of the sending loop, what is asked for at a time.
    pub(super) request_bytes: u64,
    /// What is written at a time.
    pub(super) batch_bytes: u64,
}

impl BareLoop {
    /// Go through a loop in a round, and as many before it that are not counted.
    pub(super) const BYTES: u64 = 2 * GIB;

    pub(super) fn words(&self, directory: &Path) -> Vec<String> {
        let (name, request) = match self.shape {
            Shape::Receive => ("receive", "request-bytes"),
            Shape::Send => ("send", "fetch-bytes"),
        };
        vec![
            "limit".to_owned(),
            "--json".to_owned(),
            "--rounds=1".to_owned(),
            format!("--loop={name}"),
            format!("--{request}={}", Size(self.request_bytes)),
            format!("--batch-bytes={}", Size(self.batch_bytes)),
            format!("--bytes={}", Size(Self::BYTES)),
            format!("--directory={}", directory.display()),
        ]
    }

    /// Of the line that a loop prints.
    pub(super) fn figures(line: &Value) -> Vec<(Figure, f64)> {
        [
            (Figure::CpuPerGib, "cpu_per_gib"),
            (Figure::BytesPerSecond, "bytes_per_second"),
        ]
        .into_iter()
        .filter_map(|(figure, name)| Some((figure, line.get(name)?.as_f64()?)))
        .collect()
    }
}
