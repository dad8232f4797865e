//! What is produced, by either kind of producer.

use clap::ValueEnum;
use ottla_wire::records::Compression;

use crate::size::{KIB, Size};

#[derive(clap::Args)]
pub(super) struct Produced {
    /// Bytes of a record's value, which is text that compresses as text does; it has no key.
    #[arg(long, default_value_t = Size(KIB), value_name = "SIZE")]
    pub(super) record_bytes: Size,
    /// How the batches are compressed.
    #[arg(long, value_enum, default_value_t = Codec::None)]
    pub(super) codec: Codec,
    /// Which replicas have a batch when it is answered.
    #[arg(long, value_enum, default_value_t = Acks::Leader)]
    pub(super) acks: Acks,
    /// Producers have ids and their batches sequences.
    #[arg(long)]
    pub(super) idempotent: bool,
    /// Records a second of all producers together, whatever the broker does; what could not go when it was due counts from
    /// then. Without it the next goes as soon as there is room.
    #[arg(long, value_parser = rate, value_name = "RECORDS")]
    pub(super) rate: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Acks {
    #[value(name = "1")]
    Leader,
    #[value(name = "all")]
    All,
}

impl Acks {
    pub(super) fn code(self) -> i16 {
        match self {
            Self::Leader => 1,
            Self::All => -1,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl From<Codec> for Compression {
    fn from(codec: Codec) -> Self {
        match codec {
            Codec::None => Self::None,
            Codec::Gzip => Self::Gzip,
            Codec::Snappy => Self::Snappy,
            Codec::Lz4 => Self::Lz4,
            Codec::Zstd => Self::Zstd,
        }
    }
}

fn rate(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && *rate > 0.0)
        .ok_or_else(|| "expected a number of records above zero".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_above_zero() {
        assert_eq!(rate("0.5"), Ok(0.5));
        for text in ["0", "-1", "inf", "NaN", "many", ""] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
