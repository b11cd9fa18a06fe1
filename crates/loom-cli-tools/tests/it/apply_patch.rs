//! The tool `apply_patch`.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use loom_common_core::{ChangeKind, Resource, ToolStatus};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::scratch::{Scratch, call};

fn patch(body: &str) -> Value {
    json!({"input": format!("*** Begin Patch\n{body}\n*** End Patch\n")})
}

/// All files of the workspace with their contents.
fn files(scratch: &Scratch) -> Folder {
    let mut files = BTreeMap::new();
    let mut folders = vec![scratch.workspace().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(scratch.workspace()).unwrap();
            let name = name.to_str().unwrap().to_owned();
            files.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    files
}

#[tokio::test]
async fn several_files_are_changed_at_once() {
    let scratch = Scratch::with_patches();
    scratch.write("a.txt", "one\ntwo\nthree\n");
    scratch.write("old.txt", "gone\n");
    scratch.write("moved.sh", "#!/bin/sh\nfalse\n");
    fs::set_permissions(scratch.path("moved.sh"), Permissions::from_mode(0o750)).unwrap();
    let output = scratch
        .run(
            "apply_patch",
            patch(
                "*** Update File: a.txt\n@@\n one\n-two\n+2\n*** Add File: new/b.txt\n+b\n\
                 *** Delete File: old.txt\n*** Update File: moved.sh\n*** Move to: bin/run.sh\n-false\n+true",
            ),
        )
        .await;
    assert_eq!(output.status, ToolStatus::Completed, "{}", output.text());
    assert_snapshot!(output.text(), @"
    Applied the patch:
    M a.txt
    A new/b.txt
    D old.txt
    D moved.sh
    A bin/run.sh
    ");
    let kinds: Vec<(&str, ChangeKind)> = output
        .changes
        .iter()
        .map(|change| (change.path.as_str(), change.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("a.txt", ChangeKind::Modified),
            ("new/b.txt", ChangeKind::Added),
            ("old.txt", ChangeKind::Deleted),
            ("moved.sh", ChangeKind::Deleted),
            ("bin/run.sh", ChangeKind::Added),
        ]
    );
    let expected = [
        ("a.txt", "one\n2\nthree\n"),
        ("bin/run.sh", "#!/bin/sh\ntrue\n"),
        ("new/b.txt", "b\n"),
    ];
    assert_eq!(
        files(&scratch),
        expected
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into()
    );
    let mode = fs::metadata(scratch.path("bin/run.sh"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o750);
}

#[tokio::test]
async fn a_file_may_be_changed_twice_and_made_anew() {
    let scratch = Scratch::with_patches();
    scratch.write("a.txt", "one\n");
    scratch.write("b.txt", "old\n");
    scratch
        .text(
            "apply_patch",
            patch(
                "*** Update File: a.txt\n-one\n+two\n*** Update File: ./a.txt\n-two\n+three\n\
                 *** Delete File: b.txt\n*** Add File: b.txt\n+new",
            ),
        )
        .await;
    assert_eq!(scratch.read("a.txt"), "three\n");
    assert_eq!(scratch.read("b.txt"), "new\n");
}

#[tokio::test]
async fn when_something_does_not_fit_nothing_is_changed_and_all_of_it_is_told() {
    let scratch = Scratch::with_patches();
    scratch.write("a.txt", "one\ntwo\nthree\n");
    scratch.write("there.txt", "x\n");
    scratch.write("data", b"\x00\x01");
    let before = fs::read_dir(scratch.workspace()).unwrap().count();
    let told = scratch
        .failure(
            "apply_patch",
            patch(
                "*** Add File: new/deep/b.txt\n+b\n*** Update File: a.txt\n-two\n+2\n@@\n-four\n+4\n\
                 *** Add File: there.txt\n+y\n*** Delete File: missing.txt\n*** Update File: data\n-x\n+y\n\
                 *** Update File: a.txt\n*** Move to: there.txt\n*** Update File: ../out.txt\n-x\n+y",
            ),
        )
        .await;
    assert_snapshot!(told);
    assert_eq!(scratch.read("a.txt"), "one\ntwo\nthree\n");
    assert_eq!(fs::read_dir(scratch.workspace()).unwrap().count(), before);
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_read_is_not_patched() {
    let scratch = Scratch::with_patches();
    scratch.write("a.txt", "one\ntwo\n");
    scratch
        .text("read_file", json!({"file_path": "a.txt"}))
        .await;
    scratch.write("a.txt", "one\ntwo\nthree\n");
    for operation in ["Update File: a.txt\n-one\n+1", "Delete File: a.txt"] {
        let told = scratch
            .failure("apply_patch", patch(&format!("*** {operation}")))
            .await;
        assert!(told.contains("has changed on disk since"), "{told}");
    }
    assert_eq!(scratch.read("a.txt"), "one\ntwo\nthree\n");
}

#[tokio::test]
async fn other_white_space_is_told_and_shown() {
    let scratch = Scratch::with_patches();
    scratch.write("a.py", "def f():\n\treturn 1\n");
    scratch.write("b.py", "x\n");
    assert_snapshot!(scratch
        .text(
            "apply_patch",
            patch("*** Update File: b.py\n-x\n+y\n*** Update File: a.py\n def f():\n-    return 1\n+    return 2"),
        )
        .await, @"
    Applied the patch:
    M b.py
    M a.py
    a.py, hunk 1: the lines differ from the file in white space; the only place that can be meant was changed, and new lines were given the file's indentation. Check it:
    @@ -1,2 +1,2 @@
     def f():
    -	return 1
    +	return 2
    ");
}

#[tokio::test]
async fn a_patch_that_changes_nothing_says_so() {
    let scratch = Scratch::with_patches();
    scratch.write("a.txt", "one\n");
    assert_snapshot!(scratch.text("apply_patch", patch("*** Update File: a.txt\n-one\n+one")).await, @"
    Applied the patch:
    (it changes nothing: the files are like that already)
    ");
}

#[tokio::test]
async fn what_is_no_patch_is_refused() {
    let scratch = Scratch::with_patches();
    for input in [
        "",
        "rm -rf /",
        "*** Begin Patch",
        "*** Begin Patch\n*** End Patch",
        "\0",
    ] {
        let told = scratch
            .failure("apply_patch", json!({"input": input}))
            .await;
        assert!(told.ends_with("Nothing was changed."), "{told}");
    }
}

#[tokio::test]
async fn version_control_is_not_patched() {
    let scratch = Scratch::with_patches();
    let told = scratch
        .failure(
            "apply_patch",
            patch("*** Add File: .git/hooks/pre-commit\n+x"),
        )
        .await;
    assert!(told.contains("belongs to version control"), "{told}");
}

#[test]
fn all_files_of_a_patch_are_named_for_permission() {
    let scratch = Scratch::with_patches();
    let body =
        "*** Add File: a\n+x\n*** Update File: b\n*** Move to: ../c\n-x\n+y\n*** Delete File: b";
    let call = call("apply_patch", &patch(body).to_string());
    let write = |path: &str| Resource::Write(path.into());
    let workspace = scratch.workspace().to_str().unwrap();
    assert_eq!(
        scratch.registry.resources(&call, scratch.workspace()),
        [
            write(&format!("{workspace}/a")),
            write(&format!("{workspace}/b")),
            write(&format!("{}/c", scratch.outside().display())),
        ]
    );
}

/// Operations on three files, that fit or not.
fn operations() -> impl Strategy<Value = Vec<(u8, &'static str, String)>> {
    let name = prop_oneof![Just("a"), Just("b"), Just("folder/c")];
    prop::collection::vec((0..4_u8, name, "[xy]"), 1..6)
}

/// Files by name.
type Folder = BTreeMap<String, String>;

/// Does what an operation means, or returns `None` when it does not fit.
fn operate(mut folder: Folder, kind: u8, name: &str, line: &str) -> Option<Folder> {
    let there = folder.get(name).cloned();
    // The file with one line of it replaced, which must be the only one of its kind.
    let with_line = |new: &str| {
        let content = there.clone()?;
        let is_only = content.lines().filter(|other| *other == line).count() == 1;
        let lines = content
            .lines()
            .map(|other| if other == line { new } else { other });
        is_only.then(|| lines.flat_map(|line| [line, "\n"]).collect::<String>())
    };
    match kind {
        0 if there.is_none() => {
            folder.insert(name.to_owned(), format!("{line}\n"));
        }
        1 if there.is_some() => {
            folder.remove(name);
        }
        2 => {
            folder.insert(name.to_owned(), with_line(&line.repeat(2))?);
        }
        3 if name == "a" || !folder.contains_key("a") => {
            let moved = with_line(&format!("{line}\nz"))?;
            folder.remove(name);
            folder.insert("a".to_owned(), moved);
        }
        _ => return None,
    }
    Some(folder)
}

proptest! {
    #![proptest_config(ProptestConfig {
        // Each case writes files; a long run is asked for by the environment.
        cases: ProptestConfig::default().cases / 4,
        ..ProptestConfig::default()
    })]

    /// Against a model of the folder: a patch is the operations one by one, or nothing.
    #[test]
    fn a_patch_is_applied_whole_or_not_at_all(operations in operations()) {
        let mut body = String::new();
        let start: Folder = [("a".to_owned(), "x\n".to_owned())].into();
        let mut model = Some(start.clone());
        for (kind, name, line) in &operations {
            body.push_str(&match kind {
                0 => format!("*** Add File: {name}\n+{line}\n"),
                1 => format!("*** Delete File: {name}\n"),
                2 => format!("*** Update File: {name}\n-{line}\n+{line}{line}\n"),
                _ => format!("*** Update File: {name}\n*** Move to: a\n {line}\n+z\n"),
            });
            model = model.and_then(|folder| operate(folder, *kind, name, line));
        }
        let scratch = Scratch::with_patches();
        scratch.write("a", "x\n");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let output = runtime.block_on(scratch.run("apply_patch", patch(body.trim_end())));
        prop_assert_eq!(output.status == ToolStatus::Completed, model.is_some(), "{}\n{}", body, output.text());
        prop_assert_eq!(files(&scratch), model.unwrap_or(start));
    }
}
