//! Room for connections: each is an open file, and a process may have only so many of them.
//!
//! A common limit is 1,024, which is less than two listeners bear. Without room to spare, whoever opens connections and
//! says nothing would keep the database from being opened and Persona from being asked.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

use crate::config::Config;

/// What a process has open besides the connections of its listeners and its calls: the database, logs, what a runtime
/// needs; generously.
const BESIDES: u64 = 256;

/// Both listeners have the cap on connections.
const LISTENERS: u64 = 2;

/// Raises the number of files that may be open as far as the system lets us, and gives how many connections each
/// listener may have: what is configured, or less where that is not enough, which is logged with the remedy.
pub(super) fn room_for_connections(config: &Config) -> usize {
    let (wanted, besides) = (config.limits.connections as u64, BESIDES + config.worker.concurrency as u64);
    let needed = wanted * LISTENERS + besides;
    let connections = within(wanted, besides, raise(needed));
    if connections < wanted {
        warn!(
            "each listener bears {connections} connections instead of limits.connections = {wanted}: that needs \
             {needed} open files; raise the limit (LimitNOFILE of a systemd unit, `ulimit -n` of a shell, ulimits of a \
             container) or set limits.connections lower"
        );
    }
    usize::try_from(connections).unwrap_or(config.limits.connections)
}

/// Raises the limit to what is needed, where it is lower; what it then is, or `None` where there is none.
fn raise(needed: u64) -> Option<u64> {
    let limits = getrlimit(Resource::Nofile);
    let current = limits.current?;
    if current >= needed {
        return Some(current);
    }
    let raised = limits.maximum.map_or(needed, |maximum| maximum.min(needed));
    let set = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..limits });
    Some(if set.is_ok() { raised } else { current })
}

/// How many connections fit into so many files.
fn within(wanted: u64, besides: u64, files: Option<u64>) -> u64 {
    let room = files.map_or(u64::MAX, |files| files.saturating_sub(besides) / LISTENERS);
    // With less than this nothing works at all, and the system says so itself.
    wanted.min(room.max(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_everything_else() {
        assert_eq!(within(1_024, 272, None), 1_024);
        assert_eq!(within(1_024, 272, Some(1_048_576)), 1_024);
        assert_eq!(within(1_024, 272, Some(2_320)), 1_024, "just enough");
        assert_eq!(within(1_024, 272, Some(1_024)), 376);
        assert_eq!(within(1_024, 272, Some(64)), 16);
        assert_eq!(within(4, 272, Some(64)), 4, "as configured");
    }
}
