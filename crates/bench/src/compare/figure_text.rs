//! Figures as people read them.

use super::results::Figure;
use crate::size::{KIB, MIB};
use crate::spread::Spread;

impl Figure {
    /// Above a column.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::CpuPerGib => "CPU s/GiB",
            Self::CpuPerMillion => "CPU s/M records",
            Self::CpuPerGibConsumed => "CPU s/GiB consumed",
            Self::RecordsPerSecond => "records/s",
            Self::BytesPerSecond => "MiB/s",
            Self::ConsumedBytesPerSecond => "MiB/s consumed",
            Self::P50 => "p50, ms",
            Self::P99 => "p99, ms",
            Self::P999 => "p99.9, ms",
            Self::P9999 => "p99.99, ms",
            Self::Longest => "longest, ms",
            Self::Resident => "resident, MiB",
            Self::Peak => "most resident, MiB",
            Self::Generator => "generator, CPUs",
            Self::ArriveSeconds => "all arrive, ms",
            Self::ArriveCpu => "all arrive: CPU, ms",
            Self::ArrivePauses => "heartbeats waited for",
            Self::ArriveGenerator => "all arrive: generator's CPU, ms",
            Self::JoinSeconds => "one joins, ms",
            Self::JoinCpu => "one joins: CPU, ms",
            Self::LeaveSeconds => "one leaves, ms",
            Self::LeaveCpu => "one leaves: CPU, ms",
            Self::ResidentPerMember => "resident per member, KiB",
            Self::FirstAck => "exec to first ack, ms",
            Self::CleanFirstAck => "clean stop: first ack, s",
            Self::CleanReady => "clean stop: all partitions, s",
            Self::UncleanFirstAck => "kill: first ack, s",
            Self::UncleanReady => "kill: all partitions, s",
            Self::CleanResident => "resident after restart, MiB",
        }
    }

    /// What a value is divided by to be shown.
    pub(super) const fn scale(self) -> f64 {
        match self {
            Self::BytesPerSecond
            | Self::ConsumedBytesPerSecond
            | Self::Resident
            | Self::Peak
            | Self::CleanResident => MIB as f64,
            Self::P50
            | Self::P99
            | Self::P999
            | Self::P9999
            | Self::Longest
            | Self::FirstAck
            | Self::ArriveSeconds
            | Self::ArriveCpu
            | Self::ArriveGenerator
            | Self::JoinSeconds
            | Self::JoinCpu
            | Self::LeaveSeconds
            | Self::LeaveCpu => 1e-3,
            Self::ResidentPerMember => KIB as f64,
            _ => 1.0,
        }
    }
}

/// A number with three digits that count, and no more behind the point than it has use for.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 || value == 0.0 {
        grouped(value)
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 0.1 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

/// A round number, with no more digits than it has.
pub(super) fn plain(value: f64) -> String {
    if value.fract() == 0.0 {
        grouped(value)
    } else {
        value.to_string()
    }
}

/// Rounded, its thousands apart.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    if value < 0.0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// In the unit that [`Figure::title`] names.
pub(super) fn of_figure(figure: Figure, value: f64) -> String {
    number(value / figure.scale())
}

/// `1.25 CPU s/GiB`
pub(super) fn with_unit(figure: Figure, value: f64) -> String {
    let title = figure.title();
    match title.rsplit_once(", ") {
        Some((what, unit)) => format!("{what} {} {unit}", of_figure(figure, value)),
        None => format!("{} {title}", of_figure(figure, value)),
    }
}

/// `median (least–most)`; the median alone of one round.
pub(super) fn spread(spread: &Spread, show: impl Fn(f64) -> String) -> String {
    let (median, least, most) = (show(spread.median), show(spread.least), show(spread.most));
    if least == most {
        median
    } else {
        format!("{median} ({least}–{most})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_count() {
        for (value, text) in [
            (0.0, "0"),
            (0.0123, "0.012"),
            (0.25, "0.25"),
            (3.456, "3.46"),
            (34.56, "34.6"),
            (345.6, "346"),
            (1_234_567.0, "1,234,567"),
            (-1000.0, "-1,000"),
            (-0.5, "-0.50"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn round_numbers_are_shown_as_they_are() {
        assert_eq!(
            [0.25, 5.0, 1_990_000.0].map(plain),
            ["0.25", "5", "1,990,000"]
        );
    }

    #[test]
    fn figures_are_shown_in_their_units() {
        assert_eq!(with_unit(Figure::P99, 0.0025), "p99 2.50 ms");
        assert_eq!(with_unit(Figure::CpuPerGib, 1.25), "1.25 CPU s/GiB");
        assert_eq!(of_figure(Figure::Resident, 12.5 * MIB as f64), "12.5");
    }

    #[test]
    fn a_spread_of_one_round_is_its_value() {
        let of = |figures: &[f64]| spread(&Spread::of(figures.iter().copied()).unwrap(), number);
        assert_eq!(of(&[1.5]), "1.50");
        assert_eq!(of(&[2.0, 1.0, 4.0]), "2.00 (1.00–4.00)");
    }
}
