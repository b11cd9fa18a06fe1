//! What changed between snapshots, in lines, and changes taken back.

use std::fs;

use loom_common_spool::{FileVersion, LineCounts, Reverted, SnapshotId, SpoolError, Target};

use crate::scene::Scene;

/// The lines that one change adds and removes, and the change as a diff.
fn compare(before: &[u8], after: &[u8]) -> (Option<LineCounts>, Option<String>) {
    let scene = Scene::new();
    scene.write("a", before);
    let first = scene.take();
    scene.write("a", after);
    let second = scene.take();
    let changes = scene.changes(&first, &second);
    let reader = scene.reader();
    (
        reader.line_counts(&changes[0]).unwrap(),
        reader.unified_diff(&changes[0]).unwrap(),
    )
}

#[test]
fn a_change_is_counted_and_shown_in_lines() {
    let numbers = |middle: &str| {
        let lines = (1..=20).map(|n| {
            if n == 10 {
                middle.to_owned()
            } else {
                n.to_string()
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let (counts, diff) = compare(
        numbers("10").as_bytes(),
        format!("{}\n21", numbers("ten\nand a half")).as_bytes(),
    );
    let expected = LineCounts {
        added: 4,
        removed: 2,
    };
    assert_eq!(counts, Some(expected));
    assert_eq!(
        diff.unwrap(),
        "\
@@ -7,7 +7,8 @@
 7
 8
 9
-10
+ten
+and a half
 11
 12
 13
@@ -17,4 +18,5 @@
 17
 18
 19
-20
\\ No newline at end of file
+20
+21
\\ No newline at end of file
"
    );
}

#[test]
fn a_file_that_becomes_empty_or_is_filled_is_shown_whole() {
    let (counts, diff) = compare(b"one\ntwo\n", b"");
    assert_eq!(counts.unwrap().removed, 2);
    assert_eq!(diff.unwrap(), "@@ -1,2 +0,0 @@\n-one\n-two\n");
    let (counts, diff) = compare(b"", b"one\n");
    assert_eq!(counts.unwrap().added, 1);
    assert_eq!(diff.unwrap(), "@@ -0,0 +1 @@\n+one\n");
}

#[test]
fn what_is_not_text_is_not_compared() {
    assert_eq!(compare(b"a\0b", b"a\0c"), (None, None));
    assert_eq!(compare(b"text", &vec![b'x'; (4 << 20) + 1]), (None, None));
}

#[test]
fn a_snapshot_that_is_not_in_the_store_is_gone() {
    let scene = Scene::new();
    scene.write("a", "x");
    let there = scene.take().id;
    let gone: SnapshotId = "00".repeat(32).parse().unwrap();
    let reader = scene.reader();
    assert!(matches!(reader.changes(there, gone), Err(SpoolError::Gone(id)) if id == gone));
    assert!(matches!(reader.version(gone, "a"), Err(SpoolError::Gone(id)) if id == gone));
    assert!(!reader.contains(gone).unwrap());
    assert!(reader.contains(there).unwrap());

    let untouched = Scene::new();
    let reader = untouched.reader();
    assert!(!reader.contains(there).unwrap());
    assert!(matches!(
        reader.version(there, "a"),
        Err(SpoolError::Gone(_))
    ));
}

#[test]
fn the_name_of_a_snapshot_is_read_as_it_is_written() {
    let scene = Scene::new();
    let id = scene.take().id;
    assert_eq!(id.to_string().parse::<SnapshotId>().unwrap(), id);
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(serde_json::from_str::<SnapshotId>(&json).unwrap(), id);
    for wrong in ["", "0", &"0".repeat(63), &"g".repeat(64), &"é".repeat(32)] {
        wrong.parse::<SnapshotId>().unwrap_err();
    }
}

/// Versions of one path, each from a snapshot of its own; `None` for none, `+x` in front for an
/// executable.
fn versions(scene: &Scene, contents: &[Option<&str>]) -> Vec<Option<FileVersion>> {
    let ids: Vec<_> = contents
        .iter()
        .map(|content| {
            let _ = fs::remove_file(scene.path("a"));
            if let Some(content) = content {
                scene.write("a", content.trim_start_matches("+x"));
                if content.starts_with("+x") {
                    scene.set_mode("a", 0o755);
                }
            }
            scene.take().id
        })
        .collect();
    let reader = scene.reader();
    ids.iter()
        .map(|id| reader.version(*id, "a").unwrap())
        .collect()
}

/// Takes the steps between the first versions and the later ones back from `current`.
fn revert(current: Option<&str>, steps: &[(Option<&str>, Option<&str>)]) -> String {
    let scene = Scene::new();
    let contents: Vec<_> = std::iter::once(current)
        .chain(steps.iter().flat_map(|(before, after)| [*before, *after]))
        .collect();
    let versions = versions(&scene, &contents);
    let steps: Vec<_> = versions[1..]
        .chunks(2)
        .map(|step| (step[0], step[1]))
        .collect();
    let reader = scene.reader();
    match reader.revert(versions[0], &steps).unwrap() {
        Reverted::Conflict => "conflict".to_owned(),
        Reverted::To(None) => "nothing".to_owned(),
        Reverted::To(Some(Target::Version(version))) => {
            let content = reader.read(version).unwrap().unwrap();
            let mark = if version.mode() == Some(0o755) {
                "+x"
            } else {
                ""
            };
            format!("{mark}{}", String::from_utf8(content).unwrap())
        }
        Reverted::To(Some(Target::Merged { content, mode })) => {
            format!("merged {mode:o}: {}", String::from_utf8(content).unwrap())
        }
    }
}

#[test]
fn steps_that_nobody_built_upon_are_taken_back_to_the_byte() {
    assert_eq!(revert(Some("b"), &[(Some("a"), Some("b"))]), "a");
    assert_eq!(
        revert(Some("c"), &[(Some("a"), Some("b")), (Some("b"), Some("c"))]),
        "a"
    );
    assert_eq!(revert(Some("b"), &[(None, Some("b"))]), "nothing");
    assert_eq!(revert(None, &[(Some("a"), None)]), "a");
    assert_eq!(
        revert(Some("a"), &[(Some("a"), Some("b")), (Some("b"), Some("a"))]),
        "a"
    );
    assert_eq!(revert(Some("b\0"), &[(Some("a\0"), Some("b\0"))]), "a\0");
    assert_eq!(revert(Some("+xa"), &[(Some("a"), Some("+xa"))]), "a");
}

#[test]
fn what_is_as_it_was_already_stays() {
    assert_eq!(revert(Some("a"), &[(Some("a"), Some("b"))]), "a");
    assert_eq!(revert(None, &[(None, Some("b"))]), "nothing");
}

#[test]
fn changes_of_others_in_other_places_stay() {
    let text = |first: &str, last: &str| format!("{first}\n\n1\n2\n3\n\n{last}\n");
    // The step, then somebody else's, which is not taken back.
    assert_eq!(
        revert(
            Some(&text("mine", "theirs")),
            &[(Some(&text("old", "old")), Some(&text("mine", "old")))]
        ),
        format!("merged 644: {}", text("old", "theirs"))
    );
    // Theirs in between two steps.
    assert_eq!(
        revert(
            Some(&text("mine 2", "theirs")),
            &[
                (Some(&text("old", "old")), Some(&text("mine", "old"))),
                (
                    Some(&text("mine", "theirs")),
                    Some(&text("mine 2", "theirs"))
                )
            ]
        ),
        format!("merged 644: {}", text("old", "theirs"))
    );
    // They changed permissions, the step the content.
    assert_eq!(revert(Some("+xb"), &[(Some("a"), Some("b"))]), "+xa");
}

#[test]
fn changes_of_others_in_the_same_place_are_a_conflict() {
    assert_eq!(
        revert(Some("theirs"), &[(Some("a"), Some("b"))]),
        "conflict"
    );
    assert_eq!(revert(Some("theirs"), &[(None, Some("b"))]), "conflict");
    assert_eq!(revert(None, &[(Some("a"), Some("b"))]), "conflict");
    assert_eq!(revert(Some("theirs"), &[(Some("a"), None)]), "conflict");
    // Lines mean nothing in what is not text.
    let binary = |first: &str, last: &str| format!("{first}\n\n1\n\0\n3\n\n{last}\n");
    assert_eq!(
        revert(
            Some(&binary("mine", "theirs")),
            &[(Some(&binary("old", "old")), Some(&binary("mine", "old")))]
        ),
        "conflict"
    );
}
