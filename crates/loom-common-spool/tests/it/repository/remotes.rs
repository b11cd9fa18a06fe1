//! Drawing from remotes and pushing to them.

use loom_common_spool::repository::{
    Draw, Drawn, Finished, GitEvent, PinMove, Push, PushWhat, Pushed, RepositoryError, Winding,
};

use super::scene::Scene;

/// A repository, and a bare one of git that is its remote.
fn with_remote() -> Scene {
    let scene = Scene::colocated();
    let there = scene.outside("there.git");
    scene.git(&[
        "init",
        "-q",
        "--bare",
        "-b",
        "main",
        there.to_str().unwrap(),
    ]);
    scene.change(|tx| tx.add_remote("origin", there.to_str().unwrap()));
    scene
}

fn draw(scene: &Scene) -> (Drawn, Finished) {
    scene.change(|tx| tx.draw(&Draw::default(), &mut |_| {}))
}

fn push(scene: &Scene, what: PushWhat) -> Result<(Pushed, Finished), RepositoryError> {
    scene.try_change(|tx| tx.push(&Push::new(what), &mut |_| {}))
}

fn named(names: &[&str]) -> PushWhat {
    PushWhat::Pins(names.iter().map(|name| (*name).to_owned()).collect())
}

fn pin(scene: &Scene, name: &str, revset: &str) {
    let at = scene.one(revset);
    scene.change(|tx| tx.set_pins(&[name.to_owned()], &at, PinMove::Anywhere));
}

/// Commits in a clone of the remote and pushes from there.
fn somebody_else_pushes(scene: &Scene, message: &str) {
    let clone = scene.outside("clone");
    if !clone.exists() {
        let there = scene.outside("there.git");
        scene.git(&[
            "clone",
            "-q",
            there.to_str().unwrap(),
            clone.to_str().unwrap(),
        ]);
    }
    std::fs::write(clone.join("theirs.txt"), message).unwrap();
    scene.git_in(&clone, &["add", "."]);
    scene.git_in(&clone, &["commit", "-q", "-m", message]);
    scene.git_in(&clone, &["push", "-q", "origin", "HEAD:main"]);
}

#[test]
fn a_pin_is_pushed_and_what_others_push_is_drawn() {
    let scene = with_remote();
    scene.write("a.txt", "1\n");
    let one = scene.knot("one");
    pin(&scene, "main", "@-");
    let (pushed, finished) = push(&scene, named(&["main"])).unwrap();
    assert_eq!(pushed.updates.len(), 1);
    assert_eq!(pushed.updates[0].after, Some(one.clone()));
    assert!(finished.changed);
    let there = scene.outside("there.git");
    assert_eq!(
        scene.git_in(&there, &["rev-parse", "main"]),
        one.to_string()
    );
    assert!(scene.stitch("main@origin").immutable);
    somebody_else_pushes(&scene, "theirs");
    let (drawn, _) = draw(&scene);
    assert_eq!(drawn.remotes, ["origin"]);
    assert_eq!(drawn.pins.len(), 1);
    assert_eq!(scene.stitch("main").description, "theirs\n");
    // Nothing is left to do.
    let (pushed, finished) = push(&scene, PushWhat::Followed).unwrap();
    assert_eq!((pushed.updates, finished.changed), (vec![], false));
}

#[test]
fn what_others_have_pushed_meanwhile_is_never_overwritten() {
    let scene = with_remote();
    scene.write("a.txt", "1\n");
    scene.knot("one");
    pin(&scene, "main", "@-");
    push(&scene, named(&["main"])).unwrap();
    somebody_else_pushes(&scene, "theirs");
    let there = scene.outside("there.git");
    let theirs = scene.git_in(&there, &["rev-parse", "main"]);
    scene.write("a.txt", "2\n");
    scene.knot("two");
    pin(&scene, "main", "@-");
    let (pushed, _) = push(&scene, named(&["main"])).unwrap();
    assert_eq!(pushed.moved_there.len(), 1, "{pushed:?}");
    assert_eq!(scene.git_in(&there, &["rev-parse", "main"]), theirs);
    // Drawn, the pin is in both places.
    draw(&scene);
    assert!(scene.open().pins()[0].target.is_tangled());
    let error = push(&scene, named(&["main"])).unwrap_err();
    assert!(error.to_string().contains("tangled"), "{error}");
}

#[test]
fn stitches_that_others_should_not_see_are_not_pushed() {
    let scene = with_remote();
    scene.write("a.txt", "1\n");
    pin(&scene, "main", "@");
    let error = push(&scene, named(&["main"])).unwrap_err();
    assert!(error.to_string().contains("no description"), "{error}");
    let mut nobody = with_remote();
    nobody.set("user.email", "");
    nobody.write("a.txt", "1\n");
    nobody.knot("one");
    pin(&nobody, "main", "@-");
    let error = push(&nobody, named(&["main"])).unwrap_err();
    assert!(error.to_string().contains("no author"), "{error}");
    let mut private = with_remote();
    private.set("git.private-commits", "description('wip*')");
    private.write("a.txt", "1\n");
    private.knot("wip: one");
    pin(&private, "main", "@-");
    let (pushed, _) = push(&private, PushWhat::All).unwrap();
    assert_eq!(pushed.updates, []);
    assert!(pushed.left_alone[0].1.contains("private"), "{pushed:?}");
}

#[test]
fn a_stitch_is_pushed_under_its_own_name() {
    let scene = with_remote();
    scene.write("a.txt", "1\n");
    let one = scene.knot("one");
    let (pushed, _) = push(&scene, PushWhat::Stitches(vec![one])).unwrap();
    let name = format!("push-{:.12}", scene.stitch("@-").id);
    assert_eq!(pushed.updates[0].name, name);
    assert!(
        scene
            .stitch("@-")
            .pins
            .iter()
            .any(|pin| pin.name == name && pin.synced)
    );
}

#[test]
fn a_dry_run_changes_nothing_and_a_deleted_pin_is_deleted_there() {
    let scene = with_remote();
    scene.write("a.txt", "1\n");
    scene.knot("one");
    pin(&scene, "side", "@-");
    let mut dry = Push::new(named(&["side"]));
    dry.dry_run = true;
    let (pushed, finished) = scene.change(|tx| tx.push(&dry, &mut |_| {}));
    assert_eq!((pushed.updates.len(), finished.changed), (1, false));
    let there = scene.outside("there.git");
    assert_eq!(scene.git_in(&there, &["branch"]), "");
    push(&scene, named(&["side"])).unwrap();
    assert_eq!(scene.git_in(&there, &["branch"]).trim(), "side");
    scene.change(|tx| tx.delete_pins(&["side".to_owned()]));
    push(&scene, PushWhat::Deleted).unwrap();
    assert_eq!(scene.git_in(&there, &["branch"]), "");
}

#[test]
fn a_remote_that_is_not_there_is_an_error_with_a_hint() {
    let scene = Scene::colocated();
    let error = scene
        .try_change(|tx| tx.draw(&Draw::default(), &mut |_| {}))
        .unwrap_err();
    assert!(matches!(error, RepositoryError::Refused { .. }), "{error}");
    scene.change(|tx| tx.add_remote("origin", "nowhere"));
    let error = scene
        .try_change(|tx| tx.draw(&Draw::default(), &mut |_| {}))
        .unwrap_err();
    assert!(matches!(error, RepositoryError::Git { .. }), "{error}");
    let mut scene = scene;
    scene.set("git.executable-path", "/nowhere/git");
    let error = scene
        .try_change(|tx| tx.draw(&Draw::default(), &mut |_| {}))
        .unwrap_err();
    assert!(error.hint().unwrap().contains("install git"), "{error}");
}

#[test]
fn remotes_are_added_renamed_listed_and_removed() {
    let scene = with_remote();
    scene.change(|tx| tx.rename_remote("origin", "upstream"));
    let remotes = scene.open().remotes().unwrap();
    assert_eq!(remotes.len(), 1);
    assert_eq!(remotes[0].name, "upstream");
    let there = scene.outside("there.git");
    assert_eq!(remotes[0].url.as_deref(), there.to_str());
    let error = scene
        .try_change(|tx| tx.add_remote("upstream", "x"))
        .unwrap_err();
    assert!(matches!(error, RepositoryError::Refused { .. }), "{error}");
    scene.change(|tx| tx.remove_remote("upstream"));
    assert_eq!(scene.open().remotes().unwrap(), []);
}

#[test]
fn what_the_remote_says_is_heard() {
    let scene = with_remote();
    let hook = scene.outside("there.git/hooks/pre-receive");
    std::fs::write(&hook, "#!/bin/sh\necho welcome here\n").unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    scene.write("a.txt", "1\n");
    scene.knot("one");
    pin(&scene, "main", "@-");
    let mut heard = String::new();
    scene.change(|tx| {
        tx.push(&Push::new(named(&["main"])), &mut |event| {
            if let GitEvent::Remote(line) = event {
                heard.push_str(line);
            }
        })
    });
    assert!(heard.contains("welcome here"), "{heard}");
}

#[test]
fn a_clone_of_git_is_wound_with_its_trunk() {
    let scene = with_remote();
    scene.write("a.txt", "1\n");
    scene.knot("one");
    pin(&scene, "dev", "@-");
    push(&scene, named(&["dev"])).unwrap();
    let there = scene.outside("there.git");
    scene.git_in(&there, &["symbolic-ref", "HEAD", "refs/heads/dev"]);
    let clone = Scene::empty();
    std::fs::remove_dir(clone.root()).unwrap();
    let root = clone.outside("work");
    scene.git(&[
        "clone",
        "-q",
        there.to_str().unwrap(),
        root.to_str().unwrap(),
    ]);
    clone.wind(Winding::AsConfigured).unwrap();
    assert_eq!(clone.one("trunk()"), clone.one("dev@origin"));
    assert_eq!(clone.descriptions("::@"), ["", "one", ""]);
}

#[test]
fn several_kinds_are_pushed_at_once_or_not_at_all() {
    let scene = with_remote();
    scene.write("a.txt", "1\n");
    scene.knot("one");
    pin(&scene, "main", "@-");
    let what = vec![PushWhat::All, named(&["main"]), named(&["missing"])];
    let push = |what: Vec<PushWhat>| {
        let push = Push {
            what,
            ..Push::new(PushWhat::All)
        };
        scene.try_change(|tx| tx.push(&push, &mut |_| {}))
    };
    let error = push(what.clone()).unwrap_err();
    assert!(matches!(error, RepositoryError::Refused { .. }), "{error}");
    assert_eq!(scene.git(&["ls-remote", "origin"]), "");

    let (pushed, _) = push(what[..2].to_vec()).unwrap();
    let names: Vec<_> = pushed.updates.iter().map(|update| &update.name).collect();
    assert_eq!(names, ["main"]);
}

#[test]
fn a_remote_that_there_is_not_is_refused_beside_one_that_there_is() {
    let scene = with_remote();
    let draw = Draw {
        remotes: vec!["origin".to_owned(), "typo".to_owned()],
        ..Draw::default()
    };
    let error = scene
        .try_change(|tx| tx.draw(&draw, &mut |_| {}))
        .unwrap_err();
    assert_eq!(error.to_string(), "there is no remote `typo`");
}
