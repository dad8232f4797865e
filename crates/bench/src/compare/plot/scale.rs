//! From values to places on a canvas.

/// Values on a line between two places.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scale {
    /// From zero to `most`.
    Linear { most: f64, from: f64, to: f64 },
    /// From `least`, which is above zero, to `most`.
    Logarithmic {
        least: f64,
        most: f64,
        from: f64,
        to: f64,
    },
}

impl Scale {
    /// What lies outside goes to the end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let (share, from, to) = match *self {
            Self::Linear { most, from, to } => (value / most, from, to),
            Self::Logarithmic {
                least,
                most,
                from,
                to,
            } => ((value / least).log10() / (most / least).log10(), from, to),
        };
        // A value below zero has no logarithm; it goes to the lower end.
        let share = if share.is_nan() {
            0.0
        } else {
            share.clamp(0.0, 1.0)
        };
        from + share * (to - from)
    }
}

/// Round values from zero on, the last of them at or above `most`; about five of them.
pub(super) fn linear_ticks(most: f64) -> Vec<f64> {
    let about = most / 5.0;
    let magnitude = 10_f64.powf(about.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| factor * magnitude >= about)
        .unwrap_or(10.0);
    let count = (most / (factor * magnitude) - 1e-9).ceil().max(1.0) as u32;
    // Divided by a whole number where it can be: 3 tenths are 0.3, and 3 times 0.1 are not.
    let tick = |tick: u32| match f64::from(tick) * factor {
        steps if magnitude < 1.0 => steps / (1.0 / magnitude).round(),
        steps => steps * magnitude,
    };
    (0..=count).map(tick).collect()
}

/// The powers of ten around all values, of which all are above zero.
pub(super) fn logarithmic_ticks(least: f64, most: f64) -> Vec<f64> {
    let (first, last) = (least.log10().floor() as i32, most.log10().ceil() as i32);
    (first..=last.max(first + 1))
        .map(|power| 10_f64.powi(power))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_around_all_values() {
        assert_eq!(linear_ticks(1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(linear_ticks(7.3), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(logarithmic_ticks(0.3, 40.0), [0.1, 1.0, 10.0, 100.0]);
        assert_eq!(logarithmic_ticks(1.0, 1.0), [1.0, 10.0]);
    }

    #[test]
    fn values_lie_between_the_ends() {
        let linear = Scale::Linear {
            most: 4.0,
            from: 100.0,
            to: 200.0,
        };
        assert_eq!(
            [0.0, 1.0, 4.0, 9.0, -1.0].map(|value| linear.place(value)),
            [100.0, 125.0, 200.0, 200.0, 100.0]
        );
        let logarithmic = Scale::Logarithmic {
            least: 0.1,
            most: 10.0,
            from: 50.0,
            to: 0.0,
        };
        assert_eq!(
            [0.1, 1.0, 10.0, -1.0].map(|value| logarithmic.place(value)),
            [50.0, 25.0, 0.0, 50.0]
        );
    }
}
