//! Connections and files share the process's descriptors. A connection too many is a client that comes later; a file that cannot be opened
//! is a log directory that has failed.

use std::os::fd::{AsFd, AsRawFd};

use rustix::process::{Resource, getrlimit};

/// Whether enough descriptors are left beside an accepted connection. The lowest free one is always given out next, so its number tells
/// how many there are.
pub(super) fn leaves_room_for_files(accepted: &impl AsFd) -> bool {
    let number = accepted.as_fd().as_raw_fd();
    let most = getrlimit(Resource::Nofile).current;
    most.is_none_or(|most| is_within_share(u64::try_from(number).unwrap_or(0), most))
}

fn is_within_share(number: u64, most: u64) -> bool {
    number < most - most / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_quarter_is_not_for_connections() {
        assert!(is_within_share(767, 1024));
        assert!(!is_within_share(768, 1024));
        assert!(is_within_share(10_000, 20_000));
        assert!(!is_within_share(5, 5));
    }
}
