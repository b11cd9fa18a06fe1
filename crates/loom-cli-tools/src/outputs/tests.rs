//! What is shown and kept of outputs, and what becomes of the files.

use std::fs::FileTimes;

use tempfile::TempDir;

use super::*;

fn limits() -> OutputLimits {
    OutputLimits {
        shown_bytes: 60,
        file_bytes: 1000,
        session_bytes: 2500,
        ..OutputLimits::default()
    }
}

fn store(limits: OutputLimits) -> (TempDir, OutputStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = OutputStore::new(folder.path(), "session", limits);
    (folder, store)
}

fn lines(count: usize) -> String {
    (0..count)
        .map(|number| format!("line {number}\n"))
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != LOCK)
        .collect();
    names.sort();
    names
}

#[test]
fn a_short_text_is_shown_as_it_is_and_not_kept() {
    let (folder, store) = store(limits());
    assert_eq!(store.shorten("page", lines(5)), lines(5));
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn of_a_long_text_both_ends_are_shown_and_the_whole_is_in_a_file() {
    let (folder, store) = store(limits());
    let file = folder.path().join("session/00001-a-page-.txt");
    assert_eq!(
        store.shorten("a page!", lines(10)),
        format!(
            "line 0\nline 1\nline 2\nline 3\n… 14 bytes left out; the whole is in {} (10 lines): \
             read it with read_file (offset, limit) or search it with grep …\nline 6\nline 7\n\
             line 8\nline 9\n",
            file.display()
        )
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), lines(10));
    let mode = fs::metadata(&file).unwrap().permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
        0o600
    );
}

#[test]
fn a_text_without_line_ends_is_cut_between_characters() {
    let store = OutputStore::keeping_nothing(OutputLimits {
        shown_bytes: 10,
        ..limits()
    });
    assert_eq!(
        store.shorten("x", "äöüäöüäöü".to_owned()),
        "äö\n… 10 bytes left out …\nöü"
    );
}

#[test]
fn a_file_ends_at_its_limit() {
    let (folder, store) = store(limits());
    let shown = store.shorten("x", lines(1000));
    assert!(shown.contains("the first 124 lines are in"), "{shown}");
    let kept = fs::read_to_string(folder.path().join("session/00001-x.txt")).unwrap();
    assert_eq!(kept, lines(1000)[..1000]);
}

#[test]
fn the_oldest_files_give_way_to_new_ones() {
    let (folder, store) = store(limits());
    for _ in 0..4 {
        store.shorten("x", lines(1000));
    }
    let folder = folder.path().join("session");
    assert_eq!(names(&folder), ["00003-x.txt", "00004-x.txt"]);
}

#[test]
fn a_file_that_grows_does_not_give_way() {
    let (folder, store) = store(limits());
    let mut open = store.spool("open");
    open.append(&lines(100));
    let mut other = store.spool("other");
    other.append(&lines(100));
    let mut third = store.spool("third");
    third.append(&lines(130));
    assert!(
        matches!(third.kept(), Kept::Start { lines: 0, .. }),
        "{:?}",
        third.kept()
    );
    drop(other);
    open.append("more\n");
    assert_eq!(names(&folder.path().join("session")).len(), 3);
    assert!(matches!(open.kept(), Kept::Whole { lines: 101, .. }));
}

#[test]
fn a_session_that_is_taken_up_again_keeps_its_files() {
    let (folder, first) = store(limits());
    first.shorten("x", lines(10));
    drop(first);
    let again = OutputStore::new(folder.path(), "session", limits());
    again.shorten("y", lines(10));
    assert_eq!(
        names(&folder.path().join("session")),
        ["00001-x.txt", "00002-y.txt"]
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_told_and_the_text_shortened() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let store = OutputStore::new(&folder.path().join("file"), "session", limits());
    assert_eq!(
        store.shorten("x", lines(10)),
        "line 0\nline 1\nline 2\nline 3\n… 14 bytes left out, and could not be kept (a part of the \
         path is a file, not a folder) …\nline 6\nline 7\nline 8\nline 9\n"
    );
}

/// A folder of a session, with a file of `size` bytes, last changed `days` days ago.
fn old_session(root: &Path, name: &str, size: usize, days: u64) {
    let folder = root.join(name);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("00001-x.txt"), "x".repeat(size)).unwrap();
    let time = noon() - Duration::from_secs(days * 24 * 60 * 60);
    for path in [folder.join("00001-x.txt"), folder] {
        File::open(path)
            .unwrap()
            .set_times(FileTimes::new().set_modified(time))
            .unwrap();
    }
}

fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000)
}

#[test]
fn the_sweep_removes_what_is_old_and_then_what_is_too_much() {
    let folder = tempfile::tempdir().unwrap();
    old_session(folder.path(), "ancient", 10, 8);
    old_session(folder.path(), "older", 1000, 3);
    old_session(folder.path(), "newer", 1000, 2);
    old_session(folder.path(), "today", 500, 0);
    let limits = OutputLimits {
        total_bytes: 1600,
        ..limits()
    };
    OutputStore::sweep(folder.path(), limits, noon()).unwrap();
    assert_eq!(names(folder.path()), ["newer", "today"]);
    OutputStore::sweep(&folder.path().join("missing"), limits, noon()).unwrap();
}

#[test]
fn the_sweep_leaves_sessions_alone_that_run() {
    let (folder, store) = store(limits());
    store.shorten("x", lines(10));
    let session = folder.path().join("session");
    let long_after = noon() + Duration::from_secs(1_000_000_000);
    OutputStore::sweep(folder.path(), limits(), long_after).unwrap();
    assert_eq!(names(&session), ["00001-x.txt"]);
    drop(store);
    OutputStore::sweep(folder.path(), limits(), long_after).unwrap();
    assert!(!session.exists());
}

#[test]
fn only_what_is_in_the_folder_is_held() {
    let (folder, store) = store(limits());
    assert!(store.holds(&folder.path().join("session/a.txt")));
    assert!(!store.holds(&folder.path().join("other/a.txt")));
    assert!(!store.holds(&folder.path().join("session-2/a.txt")));
    assert!(!OutputStore::default().holds(folder.path()));
}
