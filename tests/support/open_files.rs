//! Room for crowds: every end of a connection is an open file, and by default a process may have 1,024 of them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process have so many files open; whether the system allows it.
pub fn allow(files: usize) -> bool {
    let wanted = files as u64;
    let limits = getrlimit(Resource::Nofile);
    if limits.current.is_none_or(|current| current >= wanted) {
        return true;
    }
    let current = limits.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    setrlimit(Resource::Nofile, Rlimit { current: Some(current), ..limits }).is_ok() && current >= wanted
}
