//! What goes wrong: other programs at work, states in between, damage, and limits.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use loom_common_spool::repository::{
    LeftOut, LeftOutReason, Mend, MendFrom, NewStitch, Notice, Repository, RepositoryError,
    Selection, Side, TraceQuery, Winding,
};

use super::scene::Scene;

#[test]
fn a_repository_that_another_process_holds_is_told_of_after_a_while() {
    let scene = Scene::colocated();
    for lock in [
        ".jj/working_copy/working_copy.lock",
        ".jj/repo/git_import_export.lock",
    ] {
        let file = fs::File::create(scene.path(lock)).unwrap();
        file.lock().unwrap();
        let mut surroundings = scene.surroundings();
        surroundings.patience = Duration::ZERO;
        let mut repository = Repository::open(&scene.root(), surroundings).unwrap();
        let error = repository.snapshot().unwrap_err();
        assert!(matches!(error, RepositoryError::Busy { .. }), "{error}");
        assert!(error.hint().unwrap().contains(lock), "{error}");
        drop(file);
        fs::remove_file(scene.path(lock)).unwrap();
    }
    scene.take();
}

#[test]
fn a_lock_that_git_left_behind_is_named() {
    let scene = Scene::colocated();
    scene.write("a.txt", "1\n");
    scene.knot("one");
    fs::write(scene.path(".git/index.lock"), "").unwrap();
    let at = scene.open().shuttle().unwrap();
    scene.write("b.txt", "2\n");
    let error = scene.open().snapshot().unwrap_err();
    assert!(
        matches!(error, RepositoryError::GitLocked { .. }),
        "{error:?}"
    );
    // Nothing has changed, and nothing is lost.
    assert_eq!(scene.open().shuttle(), Some(at));
    fs::remove_file(scene.path(".git/index.lock")).unwrap();
    scene.take();
    let tension = scene.open().tension(&[]).unwrap();
    assert_eq!(tension.changes[0].path, "b.txt");
}

#[test]
fn a_git_in_the_middle_of_a_merge_is_left_to_finish() {
    let scene = Scene::git_only();
    scene.git(&["checkout", "-q", "-b", "side"]);
    scene.write("first.txt", "side\n");
    scene.git(&["commit", "-q", "-a", "-m", "side"]);
    scene.git(&["checkout", "-q", "main"]);
    scene.write("first.txt", "main\n");
    scene.git(&["commit", "-q", "-a", "-m", "main"]);
    scene.wind(Winding::Colocated).unwrap();
    scene.git(&["checkout", "-q", "main"]);
    let failed = std::process::Command::new("git")
        .args([
            "-c",
            "user.name=g",
            "-c",
            "user.email=g@example.com",
            "merge",
            "-q",
            "side",
        ])
        .current_dir(scene.root())
        .output()
        .unwrap();
    assert!(!failed.status.success());
    scene.take();
    assert!(scene.read("first.txt").contains("<<<<<<<"));
    scene.write("first.txt", "both\n");
    scene.git(&["add", "."]);
    scene.git(&["commit", "-q", "-m", "merged"]);
    scene.take();
    let merged = scene.stitch("@-");
    assert_eq!(
        (merged.description.as_str(), merged.parents.len()),
        ("merged\n", 2)
    );
    assert_eq!(scene.git(&["status", "--porcelain"]), "");
}

#[test]
fn files_that_cannot_be_taken_in_are_reported_and_the_rest_is_taken() {
    let mut scene = Scene::internal();
    scene.set("snapshot.max-new-file-size", "10");
    scene.write("large.txt", "more than ten bytes\n");
    scene.write("small.txt", "small\n");
    scene.write(".gitignore", "ignored\n");
    scene.write("ignored", "");
    let odd = scene.root().join(OsStr::from_bytes(b"odd-\xff"));
    fs::write(&odd, "odd").unwrap();
    let taken = scene.take();
    assert_eq!(
        taken.left_out,
        [LeftOut {
            path: "large.txt".to_owned(),
            reason: LeftOutReason::TooLarge {
                size: 20,
                limit: 10,
            },
        }]
    );
    assert_eq!(taken.not_utf8, [OsStr::from_bytes(b"odd-\xff")]);
    let tension = scene.open().tension(&[]).unwrap();
    let found: Vec<_> = tension
        .changes
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(found, [".gitignore", "small.txt"]);
    assert!(odd.exists());
}

#[test]
fn personal_rules_of_ignoring_hold() {
    let scene = Scene::internal();
    fs::create_dir_all(scene.outside("home/.config/git")).unwrap();
    fs::write(scene.outside("home/.config/git/ignore"), "*.swp\n").unwrap();
    fs::write(scene.path(".jj/repo/store/git/info/exclude"), "*.tmp\n").unwrap();
    for name in ["a.txt", "a.swp", "a.tmp"] {
        scene.write(name, "");
    }
    scene.take();
    let tension = scene.open().tension(&[]).unwrap();
    let found: Vec<_> = tension
        .changes
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(found, ["a.txt"]);
}

#[test]
fn a_shuttle_that_another_workspace_moved_is_stale_until_it_is_updated() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n");
    let one = scene.knot("one");
    let other = scene.outside("other");
    let mut here = scene.taken();
    here.add_workspace(&other, "other", std::slice::from_ref(&one))
        .unwrap();
    here.snapshot().unwrap();
    // From here, what lies in the other shuttle is rewritten: its files are of what was before.
    let mut tx = here.transaction().unwrap();
    tx.mend(Mend {
        from: MendFrom::Stitch(tx.repository().resolve_one("root()").unwrap()),
        into: one,
        selection: Selection::all(),
        keep_descendants: false,
    })
    .unwrap();
    tx.finish().unwrap();
    fs::write(other.join("edited.txt"), "edited\n").unwrap();
    let mut there = Repository::open(&other, scene.surroundings()).unwrap();
    let error = there.snapshot().unwrap_err();
    assert!(matches!(error, RepositoryError::Stale { .. }), "{error}");
    let taken = there.update_stale().unwrap();
    assert!(taken.notices.contains(&Notice::StaleUpdated), "{taken:?}");
    assert!(!other.join("a.txt").exists());
    // What was edited is in a further knot of the stitch, beside the one that lies there now.
    let edited = there.resolve_one("files(root:'edited.txt')").unwrap();
    assert!(there.stitch(&edited).unwrap().divergent);
    there.snapshot().unwrap();
    let names: Vec<_> = there
        .workspaces()
        .unwrap()
        .into_iter()
        .map(|workspace| workspace.name)
        .collect();
    assert_eq!(names, ["default", "other"]);
}

#[test]
fn what_was_killed_between_operation_and_files_is_made_up_for() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n");
    scene.knot("one");
    scene.write("a.txt", "2\n");
    scene.take();
    // The state of the shuttle as it was before an operation is what a killed process leaves.
    let state = scene.path(".jj/working_copy");
    let saved = scene.outside("saved");
    copy(&state, &saved);
    let root = scene.one("root()");
    scene.change(|tx| tx.stitch(&NewStitch::onto([root])));
    fs::remove_dir_all(&state).unwrap();
    copy(&saved, &state);
    scene.write("a.txt", "2\n");
    let error = scene.open().snapshot().unwrap_err();
    assert!(matches!(error, RepositoryError::Stale { .. }), "{error}");
    scene.open().update_stale().unwrap();
    assert!(!scene.path("a.txt").exists());
    let kept = scene.one("description('') & ~root() & ~empty()");
    let content = scene.open().read_file(&Side::Of(kept), "a.txt").unwrap();
    assert_eq!(content.bytes, b"2\n");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn a_lost_operation_of_the_shuttle_is_recovered_from() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n");
    scene.knot("one");
    let before = scene.open().operation().to_string();
    scene.write("a.txt", "2\n");
    scene.take();
    let after = scene.open().operation().to_string();
    // As when the machine crashed before the newest operation was on the disk.
    let heads = scene.path(".jj/repo/op_heads/heads");
    fs::remove_file(heads.join(&after)).unwrap();
    fs::write(heads.join(&before), "").unwrap();
    fs::remove_file(scene.path(".jj/repo/op_store/operations").join(&after)).unwrap();
    let error = scene.open().snapshot().unwrap_err();
    assert!(matches!(error, RepositoryError::ShuttleLost), "{error}");
    let taken = scene.open().update_stale().unwrap();
    assert!(taken.notices.contains(&Notice::Recovered), "{taken:?}");
    assert_eq!(scene.read("a.txt"), "2\n");
    scene.take();
}

#[test]
fn a_damaged_tension_log_is_an_error_that_says_so() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n");
    scene.take();
    let operations = scene.path(".jj/repo/op_store/operations");
    for entry in fs::read_dir(&operations).unwrap() {
        fs::write(entry.unwrap().path(), b"\xff\xff\xff\xff garbage").unwrap();
    }
    let error = Repository::open(&scene.root(), scene.surroundings()).unwrap_err();
    assert!(
        matches!(error, RepositoryError::Damaged { .. }),
        "{error:?}"
    );
    assert!(error.hint().is_some());
}

#[test]
fn a_repository_of_a_kind_that_is_not_known_is_not_touched() {
    let scene = Scene::internal();
    for kind in ["store", "op_store", "index"] {
        let path = scene.path(&format!(".jj/repo/{kind}/type"));
        let known = fs::read_to_string(&path).unwrap();
        fs::write(&path, "of the future").unwrap();
        let error = Repository::open(&scene.root(), scene.surroundings()).unwrap_err();
        assert!(matches!(error, RepositoryError::Newer { .. }), "{error:?}");
        fs::write(&path, known).unwrap();
    }
    scene.open();
}

#[test]
fn what_is_wrong_in_a_file_of_settings_is_said_with_its_place() {
    let scene = Scene::internal();
    let path = scene.outside("home/.config/jj/config.toml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "[user\n").unwrap();
    let error = Repository::open(&scene.root(), scene.surroundings()).unwrap_err();
    assert!(
        matches!(error, RepositoryError::Setting { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("config.toml"), "{error}");
    fs::write(
        &path,
        "[revset-aliases]\n'immutable_heads()' = 'nonsense('\n",
    )
    .unwrap();
    let error = Repository::open(&scene.root(), scene.surroundings()).unwrap_err();
    assert!(error.to_string().contains("immutable_heads"), "{error}");
}

#[test]
fn expressions_that_are_not_understood_say_where_and_what_was_meant() {
    let scene = Scene::internal();
    let repository = scene.open();
    let error = repository.resolve("@ & descrption(x)").unwrap_err();
    assert!(error.to_string().contains("1:5"), "{error}");
    assert!(error.hint().unwrap().contains("`description`"), "{error}");
    let error = repository.resolve("nothing").unwrap_err();
    assert!(
        matches!(error, RepositoryError::Expression { .. }),
        "{error}"
    );
    let error = repository.resolve_one("none()").unwrap_err();
    assert!(matches!(error, RepositoryError::NoStitch { .. }), "{error}");
    let error = repository.resolve_one("all()").unwrap_err();
    assert!(matches!(&error, RepositoryError::ManyStitches { knots, .. } if knots.len() == 2));
    let query = TraceQuery {
        paths: vec!["glob:\"[\"".to_owned()],
        ..TraceQuery::default()
    };
    let error = repository.trace(&query).err().unwrap();
    assert!(
        matches!(error, RepositoryError::Expression { .. }),
        "{error}"
    );
}

#[test]
fn a_stitch_that_becomes_immutable_in_the_shuttle_is_gone_on_from() {
    let scene = Scene::colocated();
    scene.write("a.txt", "1\n");
    let at = scene.one("@");
    let mut scene = scene;
    scene.set("revset-aliases.\"immutable_heads()\"", &format!("{at}"));
    scene.write("a.txt", "2\n");
    let taken = scene.take();
    assert!(
        taken.notices.contains(&Notice::ImmutableShuttle),
        "{taken:?}"
    );
    assert_eq!(scene.one("@-"), at);
    assert_eq!(scene.git(&["rev-parse", "HEAD"]), at.to_string());
}
