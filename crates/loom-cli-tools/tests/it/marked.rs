//! Processes of a test that can be told from all others.

use std::fs;

/// A command that runs until it is killed, and that can be told from all others by `mark`. It says
/// when it is there.
pub(crate) fn endless(mark: &str) -> String {
    format!("exec -a {mark} sleep 1000")
}

/// Counts the processes that were started by [`endless`] with this mark and are alive.
pub(crate) fn alive(mark: &str) -> usize {
    let is_marked = |id: &u32| {
        fs::read(format!("/proc/{id}/cmdline"))
            .is_ok_and(|line| line.split(|&byte| byte == 0).next() == Some(mark.as_bytes()))
    };
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
        .filter(is_marked)
        .count()
}

/// Waits until `count` processes with this mark are alive. Whoever calls this runs it beside a
/// call that ends by its time-out at the latest.
pub(crate) async fn until_alive(mark: &str, count: usize) {
    while alive(mark) < count {
        tokio::task::yield_now().await;
    }
}

/// A mark that no other test of this machine has.
pub(crate) fn mark(name: &str) -> String {
    format!("loom-test-{name}-{}", std::process::id())
}
