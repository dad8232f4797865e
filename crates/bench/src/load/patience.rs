//! What a broker refuses for a while only.

use std::time::Duration;

use ottla_env::Clock;
use ottla_model::ErrorCode;
use ottla_runtime::RealClock;

use super::LoadError;
use super::interval::pause;

/// What a topic, or a broker, may take after it was created or started.
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(20);

/// What a broker answers that has not heard of something yet.
const PASSING: [ErrorCode; 7] = [
    ErrorCode::UnknownTopicOrPartition,
    ErrorCode::UnknownTopicId,
    ErrorCode::LeaderNotAvailable,
    ErrorCode::NotLeaderOrFollower,
    ErrorCode::CoordinatorLoadInProgress,
    ErrorCode::CoordinatorNotAvailable,
    ErrorCode::NotCoordinator,
];

/// Tries again what fails for a while only.
pub(crate) fn patiently<T>(
    mut attempt: impl FnMut() -> Result<T, LoadError>,
) -> Result<T, LoadError> {
    let clock = RealClock::new();
    let deadline = clock.monotonic() + PATIENCE;
    loop {
        match attempt() {
            Err(problem)
                if PASSING.iter().any(|code| problem.is(*code)) && clock.monotonic() < deadline =>
            {
                pause(BETWEEN_ATTEMPTS);
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: ErrorCode) -> LoadError {
        LoadError::Refused {
            what: String::new(),
            code,
            detail: String::new(),
        }
    }

    #[test]
    fn what_passes_is_tried_again_and_nothing_else() {
        let mut answers = vec![Ok(7), Err(refused(ErrorCode::NotLeaderOrFollower))];
        let outcome = patiently(|| answers.pop().expect("no more is asked than is answered"));
        assert_eq!(outcome.unwrap(), 7);
        let outcome = patiently(|| Err::<(), _>(refused(ErrorCode::InvalidTopicException)));
        assert!(outcome.unwrap_err().is(ErrorCode::InvalidTopicException));
    }
}
