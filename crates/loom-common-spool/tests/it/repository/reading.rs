//! Histories and differences as they are read.

use loom_common_spool::repository::{
    ChangeStatus, EdgeKind, EntryKind, NewStitch, Side, TraceOrder, TraceQuery, Whitespace, hunks,
};

use super::scene::Scene;

/// Two lines of stitches from one, and a merge of both in the shuttle.
fn forked() -> Scene {
    let scene = Scene::internal();
    scene.write("base.txt", "base\n");
    let base = scene.knot("base");
    scene.write("left.txt", "left\n");
    let left = scene.knot("left");
    scene.change(|tx| tx.stitch(&NewStitch::onto([base])));
    scene.write("right.txt", "right\n");
    let right = scene.knot("right");
    scene.change(|tx| tx.stitch(&NewStitch::onto([left, right])));
    scene
}

fn trace(scene: &Scene, query: &TraceQuery) -> Vec<(String, Vec<EdgeKind>)> {
    let repository = scene.taken();
    let entries = repository.trace(query).unwrap();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            let kinds = entry.edges.iter().map(|edge| edge.kind).collect();
            (entry.stitch.description.trim_end().to_owned(), kinds)
        })
        .collect()
}

#[test]
fn each_line_of_stitches_is_read_together_with_its_edges() {
    use EdgeKind::{Direct, Indirect, Missing};
    let scene = forked();
    let all = TraceQuery {
        revset: Some("::@ & ~root()".to_owned()),
        ..TraceQuery::default()
    };
    let found = trace(&scene, &all);
    let entry = |text: &str, edges: &[EdgeKind]| (text.to_owned(), edges.to_vec());
    assert_eq!(
        found,
        [
            entry("", &[Direct, Direct]),
            entry("right", &[Direct]),
            entry("left", &[Direct]),
            entry("base", &[Missing]),
        ]
    );
    let some = TraceQuery {
        revset: Some("@ | description('base*')".to_owned()),
        ..TraceQuery::default()
    };
    assert_eq!(
        trace(&scene, &some),
        [entry("", &[Indirect]), entry("base", &[Missing])]
    );
    let reversed = TraceQuery {
        order: TraceOrder::FlatReversed,
        limit: Some(2),
        ..all
    };
    assert_eq!(
        trace(&scene, &reversed),
        [entry("right", &[]), entry("", &[])]
    );
}

#[test]
fn stitches_are_found_by_the_paths_that_they_change() {
    let scene = forked();
    let query = TraceQuery {
        paths: vec!["left.txt".to_owned()],
        ..TraceQuery::default()
    };
    assert_eq!(
        trace(&scene, &query),
        [("left".to_owned(), vec![EdgeKind::Missing])]
    );
}

#[test]
fn what_differs_is_read_with_kinds_contents_and_renames() {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let scene = Scene::internal();
    scene.write("kept.txt", "1\n2\n3\n");
    scene.write(
        "old.txt",
        "a long enough text\nthat is recognized\nwhen it moves\n",
    );
    scene.write("gone.txt", "gone\n");
    scene.write("tool", "#!/bin/sh\n");
    scene.knot("begin");
    scene.write("kept.txt", "1\ntwo\n3\n");
    std::fs::rename(scene.path("old.txt"), scene.path("new.txt")).unwrap();
    std::fs::remove_file(scene.path("gone.txt")).unwrap();
    std::fs::set_permissions(scene.path("tool"), Permissions::from_mode(0o755)).unwrap();
    symlink("kept.txt", scene.path("link")).unwrap();
    scene.write("odd.bin", b"\0\x01");
    let repository = scene.taken();
    let at = repository.shuttle().unwrap();
    let comparison = repository.changes_of(&at, &[]).unwrap();
    let found: Vec<_> = comparison
        .files
        .iter()
        .map(|file| {
            (
                file.path.as_str(),
                file.source.as_str(),
                file.status,
                file.after,
            )
        })
        .collect();
    let file = EntryKind::File { executable: false };
    assert_eq!(
        found,
        [
            (
                "gone.txt",
                "gone.txt",
                ChangeStatus::Removed,
                EntryKind::Absent
            ),
            ("kept.txt", "kept.txt", ChangeStatus::Modified, file),
            ("link", "link", ChangeStatus::Added, EntryKind::Link),
            ("new.txt", "old.txt", ChangeStatus::Renamed, file),
            ("odd.bin", "odd.bin", ChangeStatus::Added, file),
            (
                "tool",
                "tool",
                ChangeStatus::Modified,
                EntryKind::File { executable: true }
            ),
        ]
    );
    let (before, after) = comparison.contents(&comparison.files[1]).unwrap();
    let found = hunks(&before.bytes, &after.bytes, 0, Whitespace::Counts);
    assert_eq!((found.len(), found[0].before.clone()), (1, 1..2));
    let (before, after) = comparison.contents(&comparison.files[4]).unwrap();
    assert_eq!(
        (before.mode, after.mode, after.binary),
        (None, Some("100644"), true)
    );
    let (_, link) = comparison.contents(&comparison.files[2]).unwrap();
    assert_eq!(
        (link.mode, link.bytes.as_slice()),
        (Some("120000"), b"kept.txt".as_slice())
    );
}

#[test]
fn files_are_listed_and_paths_are_written_from_the_folder_of_the_command() {
    let scene = Scene::internal();
    scene.write("deep/down/a.txt", "a\n");
    scene.write("b.txt", "b\n");
    let mut repository = scene.open();
    repository.snapshot().unwrap();
    let side = Side::Of(repository.shuttle().unwrap());
    let files = repository.list_files(&side, &["deep".to_owned()]).unwrap();
    let file = EntryKind::File { executable: false };
    assert_eq!(files, [("deep/down/a.txt".to_owned(), file)]);
    assert_eq!(
        repository.display_path("deep/down/a.txt"),
        "deep/down/a.txt"
    );
    let error = repository.read_file(&side, "deep").unwrap_err();
    assert!(error.to_string().contains("folder"), "{error}");
}

#[test]
fn the_words_of_weaving_are_part_of_the_language() {
    let scene = forked();
    let at = scene.one("@");
    let repository = scene.taken();
    for (words, jujutsu) in [
        ("tangles()", "conflicts()"),
        ("shuttles()", "working_copies()"),
        ("pins()", "bookmarks()"),
        ("trunk()", "root()"),
        ("mutable()", "~::immutable_heads() & ~root()"),
    ] {
        let (words, jujutsu) = (repository.resolve(words), repository.resolve(jujutsu));
        assert_eq!(words.unwrap(), jujutsu.unwrap());
    }
    let stitch = repository.stitch(&at).unwrap();
    let short = format!("{:.*}", stitch.id_prefix, stitch.id);
    assert_eq!(repository.resolve_one(&short).unwrap(), at);
    let short = format!("{:.*}", stitch.knot_prefix, stitch.knot);
    assert_eq!(repository.resolve_one(&short).unwrap(), at);
}
