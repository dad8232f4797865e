//! Runs of a model, one seed after the other.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Plays runs until `STEPS` steps are taken, `steps` of them if nobody says how many; or the one run of `SEED`. `play` takes a seed and
/// returns how many steps that run took. The seed of a run that fails is printed.
pub(crate) fn play_seeds(steps: u64, play: impl Fn(u64) -> u64) {
    let asked = |name: &str| {
        let value = std::env::var(name).ok()?;
        Some(value.parse::<u64>().expect("a number"))
    };
    let one = asked("SEED");
    let steps = asked("STEPS").unwrap_or(steps);
    let mut taken = 0;
    let mut seed = one.unwrap_or(0);
    while taken < steps {
        match catch_unwind(AssertUnwindSafe(|| play(seed))) {
            Ok(steps) => taken += steps,
            Err(panic) => {
                eprintln!("again with SEED={seed}");
                resume_unwind(panic);
            }
        }
        if one.is_some() {
            break;
        }
        seed += 1;
    }
    eprintln!("{taken} steps");
}
