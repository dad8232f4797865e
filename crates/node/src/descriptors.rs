use rustix::process::{Resource, getrlimit, setrlimit};

/// Lets the process have as many descriptors as it may: each segment and each connection takes one, and what a shell
/// gives a process by default is soon used up.
pub(crate) fn raise_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
}
