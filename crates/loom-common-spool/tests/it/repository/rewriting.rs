//! Stitches that are rewritten, moved, taken apart and taken out.

use loom_common_spool::repository::{
    Chosen, DuplicateTo, Location, Mend, MendFrom, NewContent, NewStitch, Ply, PlyDescription,
    RepositoryError, Rethread, RethreadWhat, SelectableFile, Selection, Side, Snip, StitchBelow,
    Unravel, UnravelTo, Untangling,
};

use super::scene::Scene;

/// Three stitches, each with a file of its own, and an empty one in the shuttle.
fn three() -> Scene {
    let scene = Scene::internal();
    for name in ["one", "two", "three"] {
        scene.write(&format!("{name}.txt"), format!("{name}\n"));
        scene.knot(name);
    }
    scene
}

#[test]
fn changes_are_plied_into_a_stitch_further_down() {
    let scene = three();
    scene.write("two.txt", "two, mended\n");
    let (from, into) = (scene.one("@"), scene.one("description('two*')"));
    let (made, finished) = scene.change(|tx| {
        tx.ply(Ply {
            from: vec![from],
            into,
            selection: Selection::all(),
            description: PlyDescription::Combined,
            keep_emptied: false,
        })
    });
    let repository = scene.open();
    let content = repository.read_file(&Side::Of(made.unwrap()), "two.txt");
    assert_eq!(content.unwrap().bytes, b"two, mended\n");
    assert!(finished.tangled.is_empty());
    assert_eq!(scene.descriptions("::@"), ["", "three", "two", "one", ""]);
    assert_eq!(scene.read("two.txt"), "two, mended\n");
}

#[test]
fn a_stitch_is_unraveled_by_paths_and_by_hunks() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n2\n3\n4\n5\n");
    scene.knot("begin");
    scene.write("a.txt", "one\n2\n3\n4\nfive\n");
    scene.write("b.txt", "b\n");
    let knot = scene.one("@");
    let mut first_hunk = |file: &SelectableFile| match file.hunks.len() {
        2 => Chosen::Hunks(vec![true, false]),
        _ => Chosen::Nothing,
    };
    let (parts, _) = scene.change(|tx| {
        tx.unravel(Unravel {
            knot,
            selection: Selection::hunks(Vec::new(), &mut first_hunk),
            description: Some("first".to_owned()),
            to: UnravelTo::Below,
        })
    });
    let repository = scene.open();
    let read = |side: Side, path: &str| {
        let content = repository.read_file(&side, path).unwrap();
        String::from_utf8(content.bytes).unwrap()
    };
    let (selected, rest) = (Side::Of(parts.selected), Side::Of(parts.rest.clone()));
    assert_eq!(read(selected.clone(), "a.txt"), "one\n2\n3\n4\n5\n");
    assert_eq!(read(selected, "b.txt"), "");
    assert_eq!(read(rest, "a.txt"), "one\n2\n3\n4\nfive\n");
    assert_eq!(repository.shuttle(), Some(parts.rest));
    assert_eq!(scene.descriptions("::@"), ["", "first", "begin", ""]);
}

#[test]
fn a_stitch_is_rethreaded_with_what_stands_on_it() {
    let scene = three();
    let (two, root) = (scene.one("description('two*')"), scene.one("root()"));
    let rethread = Rethread::new(RethreadWhat::Sources(vec![two]), Location::Onto(vec![root]));
    let (stats, finished) = scene.change(|tx| tx.rethread(&rethread));
    assert_eq!((stats.moved, stats.followed), (3, 0));
    assert_eq!(finished.files.removed, 1);
    assert_eq!(scene.descriptions("::@"), ["", "three", "two", ""]);
    assert_eq!(
        scene.files().into_keys().collect::<Vec<_>>(),
        ["three.txt", "two.txt"]
    );
}

#[test]
fn a_stitch_cannot_be_rethreaded_onto_what_stands_on_it() {
    let scene = three();
    let (one, three) = (
        scene.one("description('one*')"),
        scene.one("description('three*')"),
    );
    let rethread = Rethread::new(
        RethreadWhat::Sources(vec![one]),
        Location::Onto(vec![three]),
    );
    let error = scene.try_change(|tx| tx.rethread(&rethread)).unwrap_err();
    assert!(matches!(error, RepositoryError::Refused { .. }), "{error}");
}

#[test]
fn what_stands_on_a_snipped_stitch_stays() {
    let scene = three();
    let two = scene.one("description('two*')");
    let (snipped, _) = scene.change(|tx| {
        tx.snip(&Snip {
            knots: vec![two.clone()],
            ..Snip::default()
        })
    });
    assert_eq!((snipped.knots, snipped.rethreaded), (vec![two.clone()], 2));
    assert_eq!(scene.descriptions("::@"), ["", "three", "one", ""]);
    assert!(!scene.path("two.txt").exists());
    // Hidden, not lost.
    let stitch = scene.open().stitch(&two).unwrap();
    assert_eq!(
        (stitch.description.as_str(), stitch.hidden),
        ("two\n", true)
    );
}

#[test]
fn tangles_are_shown_and_untangled() {
    let scene = Scene::internal();
    scene.write("a.txt", "base\n");
    let base = scene.knot("base");
    scene.write("a.txt", "left\n");
    let left = scene.knot("left");
    scene.change(|tx| tx.stitch(&NewStitch::onto([base])));
    scene.write("a.txt", "right\n");
    let right = scene.knot("right");
    let (merge, finished) = scene.change(|tx| tx.stitch(&NewStitch::onto([left, right])));
    assert_eq!(finished.shuttle, Some(merge.clone()));
    assert!(scene.read("a.txt").contains("<<<<<<<"));
    let tension = scene.taken().tension(&[]).unwrap();
    assert_eq!(tension.tangles.len(), 1);
    assert_eq!(
        (tension.tangles[0].sides, tension.tangles[0].deletions),
        (2, 0)
    );
    let contents = scene.taken().tangled_contents(&merge, "a.txt").unwrap();
    let sides: Vec<_> = contents
        .sides
        .iter()
        .map(|side| side.content.as_slice())
        .collect();
    assert_eq!(sides, [b"left\n".as_slice(), b"right\n".as_slice()]);
    assert_eq!(contents.bases[0].content, b"base\n");
    assert_eq!(contents.marked, scene.read("a.txt").into_bytes());
    let untangling = [("a.txt".to_owned(), Untangling::Side(1))];
    scene.change(|tx| tx.untangle(&merge, &untangling));
    assert!(!scene.stitch("@").tangled);
    assert_eq!(scene.read("a.txt"), "right\n");
}

#[test]
fn a_tangle_that_was_edited_by_hand_is_untangled_by_its_markers() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n");
    let base = scene.knot("base");
    scene.write("a.txt", "2\n");
    let left = scene.knot("left");
    scene.change(|tx| tx.stitch(&NewStitch::onto([base])));
    scene.write("a.txt", "3\n");
    let right = scene.knot("right");
    scene.change(|tx| tx.stitch(&NewStitch::onto([left, right])));
    assert!(scene.stitch("@").tangled);
    scene.write("a.txt", "2 and 3\n");
    assert!(!scene.stitch("@").tangled);
}

#[test]
fn files_are_mended_from_elsewhere() {
    let scene = three();
    scene.write("one.txt", "broken\n");
    scene.write("two.txt", "better\n");
    let at = scene.one("@");
    scene.change(|tx| {
        tx.mend(Mend {
            from: MendFrom::Parents,
            into: at,
            selection: Selection::paths(vec!["one.txt".to_owned()]),
            keep_descendants: false,
        })
    });
    assert_eq!(scene.read("one.txt"), "one\n");
    assert_eq!(scene.read("two.txt"), "better\n");
}

#[test]
fn a_knot_takes_some_paths_and_leaves_the_rest_in_the_shuttle() {
    let scene = three();
    scene.write("one.txt", "1\n");
    scene.write("two.txt", "2\n");
    let paths = vec!["two.txt".to_owned()];
    scene.change(|tx| tx.knot(Selection::paths(paths), Some("numbers")));
    assert_eq!(
        scene.descriptions("::@"),
        ["", "numbers", "three", "two", "one", ""]
    );
    let tension = scene.taken().tension(&[]).unwrap();
    let changed: Vec<_> = tension
        .changes
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(changed, ["one.txt"]);
}

#[test]
fn copies_get_names_of_their_own() {
    let scene = three();
    let two = scene.one("description('two*')");
    let (made, _) = scene.change(|tx| tx.duplicate(&[two], DuplicateTo::Beside));
    let repository = scene.open();
    let (old, new) = (&made[0].0, &made[0].1);
    let (old, new) = (
        repository.stitch(old).unwrap(),
        repository.stitch(new).unwrap(),
    );
    assert_eq!(old.parents, new.parents);
    assert_eq!(old.description, new.description);
    assert_ne!(old.id, new.id);
}

#[test]
fn a_stitch_goes_below_the_shuttle_and_no_file_is_written() {
    let scene = Scene::colocated();
    scene.write("a.txt", "1\n2\n3\n");
    scene.knot("begin");
    // The person has edited one line, a program another.
    scene.write("a.txt", "person\n2\nprogram\n");
    scene.write("person.txt", "mine\n");
    scene.write("program.txt", "its\n");
    scene.take();
    let before: Vec<_> = ["a.txt", "person.txt", "program.txt"]
        .map(|path| {
            std::fs::metadata(scene.path(path))
                .unwrap()
                .modified()
                .unwrap()
        })
        .into();
    let file = |content: &str| NewContent::File {
        content: content.as_bytes().to_vec(),
        executable: false,
    };
    let (made, finished) = scene.change(|tx| {
        tx.stitch_below(&StitchBelow {
            description: "By the program".to_owned(),
            contents: vec![
                ("a.txt".to_owned(), file("1\n2\nprogram\n")),
                ("program.txt".to_owned(), file("its\n")),
            ],
        })
    });
    let after: Vec<_> = ["a.txt", "person.txt", "program.txt"]
        .map(|path| {
            std::fs::metadata(scene.path(path))
                .unwrap()
                .modified()
                .unwrap()
        })
        .into();
    assert_eq!(before, after);
    assert_eq!(finished.files, Default::default());
    assert_eq!(scene.one("@-"), made);
    let tension = scene.taken().tension(&[]).unwrap();
    let changed: Vec<_> = tension
        .changes
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(changed, ["a.txt", "person.txt"]);
    assert_eq!(scene.git(&["log", "-1", "--format=%s"]), "By the program");
    assert_eq!(
        scene.git(&["status", "--porcelain"]),
        " M a.txt\n A person.txt"
    );
}

#[test]
fn immutable_stitches_are_refused_unless_that_is_ignored() {
    let mut scene = three();
    scene.set(
        "revset-aliases.\"immutable_heads()\"",
        "description('two*')",
    );
    let (one, root) = (scene.one("description('one*')"), scene.one("root()"));
    let error = scene
        .try_change(|tx| tx.describe(std::slice::from_ref(&one), "other"))
        .unwrap_err();
    assert!(
        matches!(&error, RepositoryError::Immutable { knot, root: false } if *knot == one),
        "{error}"
    );
    let error = scene
        .try_change(|tx| tx.describe(&[root], "other"))
        .unwrap_err();
    assert!(matches!(
        error,
        RepositoryError::Immutable { root: true, .. }
    ));
    scene.change(|tx| {
        tx.ignore_immutable();
        tx.describe(std::slice::from_ref(&one), "other")
    });
    assert_eq!(scene.descriptions("::@"), ["", "three", "two", "other", ""]);
}

#[test]
fn a_stitch_is_unraveled_beside_itself_or_elsewhere() {
    let scene = Scene::internal();
    scene.write("a.txt", "a\n");
    scene.write("b.txt", "b\n");
    let both = scene.knot("both");
    let (parts, _) = scene.change(|tx| {
        tx.unravel(Unravel {
            knot: both,
            selection: Selection::paths(vec!["a.txt".to_owned()]),
            description: Some("a".to_owned()),
            to: UnravelTo::Beside,
        })
    });
    let repository = scene.open();
    let (selected, rest) = (
        repository.stitch(&parts.selected).unwrap(),
        repository.stitch(&parts.rest).unwrap(),
    );
    assert_eq!(selected.parents, rest.parents);
    assert_eq!(
        scene.stitch("@").parents,
        [parts.selected, parts.rest.clone()]
    );
    let root = scene.one("root()");
    scene.write("c.txt", "c\n");
    scene.write("d.txt", "d\n");
    let at = scene.one("@");
    let id = scene.stitch("@").id;
    let (parts, _) = scene.change(|tx| {
        tx.unravel(Unravel {
            knot: at,
            selection: Selection::paths(vec!["c.txt".to_owned()]),
            description: Some("c".to_owned()),
            to: UnravelTo::Elsewhere(Location::Onto(vec![root.clone()])),
        })
    });
    let repository = scene.open();
    assert_eq!(repository.stitch(&parts.selected).unwrap().parents, [root]);
    assert_eq!(repository.stitch(&parts.rest).unwrap().id, id);
    assert!(!scene.path("c.txt").exists());
    assert_eq!(scene.read("d.txt"), "d\n");
}

#[test]
fn each_line_goes_to_the_stitch_that_wrote_it_last() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n2\n3\n");
    scene.knot("first");
    scene.write("a.txt", "1\n2\n3\n4\n5\n6\n");
    scene.knot("second");
    scene.write("a.txt", "one\n2\n3\n4\n5\nsix\n");
    let at = scene.one("@");
    let (absorbed, _) = scene.change(|tx| tx.absorb(&at, "mutable()", &[]));
    assert_eq!((absorbed.into.len(), absorbed.skipped), (2, vec![]));
    let repository = scene.open();
    let content = repository.read_file(&Side::Of(absorbed.into[0].clone()), "a.txt");
    assert_eq!(content.unwrap().bytes, b"one\n2\n3\n");
    assert_eq!(scene.descriptions("::@"), ["", "second", "first", ""]);
    assert!(scene.stitch("@").empty);
}

#[test]
fn stitches_are_signed_where_the_settings_say_so() {
    let mut scene = Scene::colocated();
    let program = scene.outside("sign");
    std::fs::write(
        &program,
        "#!/bin/sh\ncat > /dev/null\nprintf -- '-----BEGIN PGP SIGNATURE-----\\nwoven\\n-----END PGP SIGNATURE-----\\n'\n",
    )
    .unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    scene.set("signing.backend", "gpg");
    scene.set("signing.behavior", "own");
    scene.set("signing.backends.gpg.program", program.to_str().unwrap());
    scene.write("a.txt", "1\n");
    let knot = scene.knot("signed");
    assert!(scene.stitch("@-").signed);
    let raw = scene.git(&["cat-file", "commit", &knot.to_string()]);
    assert!(
        raw.contains("gpgsig -----BEGIN PGP SIGNATURE-----\n woven"),
        "{raw}"
    );
    scene.set("signing.backends.gpg.program", "/nowhere/gpg");
    let at = scene.one("@-");
    let error = scene
        .try_change(|tx| tx.describe(&[at], "other"))
        .unwrap_err();
    assert!(
        matches!(error, RepositoryError::Signing { .. }),
        "{error:?}"
    );
    assert!(scene.stitch("@-").description.starts_with("signed"));
}

#[test]
fn a_workspace_is_made_and_forgotten() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n");
    scene.knot("one");
    let folder = scene.outside("other");
    let repository = scene.taken();
    repository.add_workspace(&folder, "other", &[]).unwrap();
    assert_eq!(
        std::fs::read_to_string(folder.join("a.txt")).unwrap(),
        "1\n"
    );
    let taken = scene
        .open()
        .add_workspace(&scene.outside("third"), "other", &[]);
    assert!(matches!(taken, Err(RepositoryError::Refused { .. })));
    assert_eq!(scene.open().workspaces().unwrap().len(), 2);
    scene.change(|tx| tx.forget_workspace("other"));
    let left = scene.open().workspaces().unwrap();
    assert_eq!((left.len(), left[0].name.as_str()), (1, "default"));
    assert!(folder.join("a.txt").exists());
}
