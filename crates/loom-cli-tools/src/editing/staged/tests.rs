//! Files that are replaced and removed while others meddle, and undoing it.

use std::fs;

use tempfile::TempDir;

use super::*;

fn folder_with(name: &str, content: &str) -> (TempDir, File) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    let handle = File::open(folder.path()).unwrap();
    (folder, handle)
}

fn contents(folder: &TempDir) -> Vec<(String, String)> {
    let mut contents: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    contents.sort();
    contents
}

fn only(name: &str, content: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), content.to_owned())]
}

/// The file as it is now.
fn known(folder: &TempDir) -> Target {
    Target::Known(Box::new(fs::metadata(folder.path().join("a.txt")).unwrap()))
}

fn stage(handle: File, target: Target) -> Staged {
    Staged::new(handle, "a.txt".as_ref(), target, |file| {
        file.write_all(b"new")
    })
    .unwrap()
}

#[test]
fn a_full_disk_leaves_the_old_content_and_nothing_else() {
    let (folder, handle) = folder_with("a.txt", "old");
    let result = Staged::new(handle, "a.txt".as_ref(), known(&folder), |file| {
        file.write_all(b"the first half")?;
        File::options()
            .write(true)
            .open("/dev/full")?
            .write_all(b"the second half")
    });
    let Err(StepError::Write(error)) = result.map(|_| ()) else {
        panic!("it was written");
    };
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(contents(&folder), only("a.txt", "old"));
}

#[test]
fn a_file_that_changes_while_the_new_one_is_written_is_kept() {
    type Step = fn(Staged) -> Result<(), StepError>;
    let steps: [Step; 2] = [Staged::take_place, |staged| staged.swap().map(Done::finish)];
    for step in steps {
        let (folder, handle) = folder_with("a.txt", "old");
        let staged = stage(handle, known(&folder));
        fs::write(folder.path().join("a.txt"), "by somebody else").unwrap();
        let result = step(staged);
        assert!(matches!(result, Err(StepError::Changed)), "{result:?}");
        assert_eq!(contents(&folder), only("a.txt", "by somebody else"));
    }
}

#[test]
fn a_file_that_comes_up_meanwhile_is_kept() {
    let (folder, handle) = folder_with("a.txt", "old");
    let result = stage(handle, Target::Absent { mode: None }).take_place();
    assert!(matches!(result, Err(StepError::Changed)), "{result:?}");
    assert_eq!(contents(&folder), only("a.txt", "old"));
}

#[test]
fn a_file_that_comes_up_at_the_last_moment_is_kept() {
    let (folder, handle) = folder_with("a.txt", "old");
    let mut staged = stage(handle, Target::Absent { mode: None });
    assert_eq!(staged.new.rename_to(&staged.place), Err(Errno::EXIST));
    drop(staged);
    assert_eq!(contents(&folder), only("a.txt", "old"));
}

#[test]
fn a_file_that_changes_at_the_last_moment_is_swapped_back() {
    let (folder, handle) = folder_with("a.txt", "old");
    let mut staged = stage(handle, known(&folder));
    fs::write(folder.path().join("a.txt"), "by somebody else").unwrap();
    let result = staged.exchange();
    assert!(matches!(result, Err(StepError::Changed)), "{result:?}");
    drop(staged);
    assert_eq!(contents(&folder), only("a.txt", "by somebody else"));
}

#[test]
fn what_was_done_can_be_undone() {
    let (folder, handle) = folder_with("a.txt", "old");
    let replaced = stage(handle.try_clone().unwrap(), known(&folder))
        .swap()
        .unwrap();
    assert_eq!(
        fs::read_to_string(folder.path().join("a.txt")).unwrap(),
        "new"
    );
    replaced.undo().unwrap();
    assert_eq!(contents(&folder), only("a.txt", "old"));

    let removal = Removal::new(
        handle.try_clone().unwrap(),
        "a.txt".as_ref(),
        known(&folder),
    );
    let removed = removal.set_aside().unwrap();
    assert!(!folder.path().join("a.txt").exists());
    removed.undo().unwrap();
    assert_eq!(contents(&folder), only("a.txt", "old"));

    fs::remove_file(folder.path().join("a.txt")).unwrap();
    stage(handle, Target::Absent { mode: None })
        .swap()
        .unwrap()
        .undo()
        .unwrap();
    assert_eq!(contents(&folder), []);
}

#[test]
fn nothing_is_left_of_what_was_kept_for_undoing() {
    let (folder, handle) = folder_with("a.txt", "old");
    let staged = stage(handle.try_clone().unwrap(), known(&folder));
    staged.swap().unwrap().finish();
    assert_eq!(contents(&folder), only("a.txt", "new"));
    let removal = Removal::new(handle, "a.txt".as_ref(), known(&folder));
    removal.set_aside().unwrap().finish();
    assert_eq!(contents(&folder), []);
}

#[test]
fn the_leftover_of_a_killed_process_is_not_in_the_way() {
    let (folder, handle) = folder_with("a.txt", "old");
    let known = known(&folder);
    let leftovers: Vec<String> = (0..50)
        .map(|number| format!(".loom-{}-{number}.tmp", std::process::id()))
        .collect();
    for leftover in &leftovers {
        fs::write(folder.path().join(leftover), "leftover").unwrap();
    }
    stage(handle, known).take_place().unwrap();
    assert_eq!(
        fs::read_to_string(folder.path().join("a.txt")).unwrap(),
        "new"
    );
    assert_eq!(contents(&folder).len(), 51);
}
