use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What macOS lets a process have where it promises any number: it refuses to set that.
const ENOUGH: u64 = 10240;

/// Lets the process have as many descriptors as it may: each segment and each connection takes one, and what a shell
/// gives a process by default is soon used up.
pub(crate) fn raise_limit() {
    let set = |limit| setrlimit(Resource::Nofile, limit);
    if let Err(error) = raise(getrlimit(Resource::Nofile), set) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
}

fn raise(limit: Rlimit, mut set: impl FnMut(Rlimit) -> Result<(), Errno>) -> Result<(), Errno> {
    let with = |current| Rlimit {
        current,
        maximum: limit.maximum,
    };
    let error = match set(with(limit.maximum)) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    // No number is no limit.
    let is_more = limit.current.is_some_and(|current| current < ENOUGH);
    let is_allowed = limit.maximum.is_none_or(|maximum| maximum >= ENOUGH);
    match is_more && is_allowed {
        true => set(with(Some(ENOUGH))),
        false => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is set, and what comes of it, where more than `most` is refused.
    fn raised(
        current: Option<u64>,
        maximum: Option<u64>,
        most: Option<u64>,
    ) -> (Vec<Option<u64>>, Result<(), Errno>) {
        let mut asked = Vec::new();
        let set = |limit: Rlimit| {
            assert_eq!(limit.maximum, maximum);
            asked.push(limit.current);
            let is_fine = most.is_none_or(|most| limit.current.is_some_and(|n| n <= most));
            is_fine.then_some(()).ok_or(Errno::INVAL)
        };
        let outcome = raise(Rlimit { current, maximum }, set);
        (asked, outcome)
    }

    #[test]
    fn the_limit_becomes_the_most_there_is() {
        let all = Some(524_288);
        assert_eq!(raised(Some(1024), all, None), (vec![all], Ok(())));
        assert_eq!(raised(Some(1024), None, None), (vec![None], Ok(())));
    }

    #[test]
    fn where_any_number_is_refused_a_large_one_is_set() {
        let (asked, outcome) = raised(Some(256), None, Some(ENOUGH));
        assert_eq!((asked, outcome), (vec![None, Some(ENOUGH)], Ok(())));
    }

    #[test]
    fn what_is_refused_never_lowers_the_limit() {
        let refused = Err(Errno::INVAL);
        assert_eq!(raised(Some(20_000), None, Some(0)), (vec![None], refused));
        assert_eq!(raised(None, None, Some(0)), (vec![None], refused));
        let few = Some(4096);
        assert_eq!(raised(Some(256), few, Some(0)), (vec![few], refused));
    }
}
