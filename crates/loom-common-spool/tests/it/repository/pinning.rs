//! Pins and tags.

use loom_common_spool::repository::{
    Forget, NewStitch, PinMove, PinTarget, RepositoryError, Selection,
};

use super::scene::Scene;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_pin_is_made_moved_renamed_and_deleted_and_git_follows() {
    let scene = Scene::colocated();
    scene.write("a.txt", "1\n");
    let one = scene.knot("one");
    scene.change(|tx| tx.create_pins(&names(&["main"]), &one));
    assert_eq!(scene.git(&["rev-parse", "main"]), one.to_string());
    scene.write("a.txt", "2\n");
    let two = scene.knot("two");
    scene.change(|tx| tx.move_pins(&names(&["main"]), &two, PinMove::Forwards));
    assert_eq!(scene.git(&["rev-parse", "main"]), two.to_string());
    let error = scene
        .try_change(|tx| tx.set_pins(&names(&["main"]), &one, PinMove::Forwards))
        .unwrap_err();
    assert!(matches!(error, RepositoryError::Refused { .. }), "{error}");
    scene.change(|tx| tx.set_pins(&names(&["main"]), &one, PinMove::Anywhere));
    scene.change(|tx| tx.rename_pin("main", "trunk"));
    assert_eq!(
        scene.git(&["for-each-ref", "--format=%(refname) %(objectname)"]),
        format!("refs/heads/trunk {one}\n{}", kept(&scene)).trim_end()
    );
    scene.change(|tx| tx.delete_pins(&names(&["trunk"])));
    assert_eq!(scene.git(&["for-each-ref", "refs/heads"]), "");
    assert_eq!(scene.open().pins(), []);
}

/// The references by which git is kept from deleting stitches.
fn kept(scene: &Scene) -> String {
    let kept = "--format=%(refname) %(objectname)";
    scene.git(&["for-each-ref", kept, "refs/jj"])
}

#[test]
fn pins_that_git_moves_are_moved_here() {
    let scene = Scene::git_only();
    scene
        .wind(loom_common_spool::repository::Winding::Colocated)
        .unwrap();
    let first = scene.one("main");
    scene.write("b.txt", "b\n");
    scene.git(&["add", "."]);
    scene.git(&["commit", "-q", "-m", "second"]);
    scene.git(&["branch", "side", "HEAD~"]);
    scene.take();
    let pins = scene.open().pins();
    let found: Vec<_> = pins
        .iter()
        .map(|pin| (pin.name.as_str(), &pin.target))
        .collect();
    let second = scene.one("main");
    assert_eq!(
        found,
        [
            ("main", &PinTarget::at(second)),
            ("side", &PinTarget::at(first)),
        ]
    );
    scene.git(&["branch", "-D", "side"]);
    scene.take();
    assert_eq!(scene.open().pins().len(), 1);
}

#[test]
fn a_pin_in_two_places_is_tangled_until_it_is_set() {
    let scene = Scene::internal();
    scene.write("a.txt", "1\n");
    let one = scene.knot("one");
    scene.write("a.txt", "2\n");
    let two = scene.knot("two");
    let base = scene.one("root()");
    scene.change(|tx| {
        tx.set_pin_target(
            "main",
            &PinTarget {
                at: vec![one.clone(), two.clone()],
                was: vec![base.clone()],
            },
        )
    });
    let repository = scene.taken();
    assert!(repository.pins()[0].target.is_tangled());
    assert_eq!(repository.tension(&[]).unwrap().tangled_pins, ["main"]);
    let error = repository.resolve_one("main").unwrap_err();
    assert!(
        matches!(error, RepositoryError::Expression { .. }),
        "{error}"
    );
    assert!(error.hint().is_some());
    let pinned = repository.resolve("pins()").unwrap();
    assert_eq!(pinned, [two.clone(), one]);
    scene.change(|tx| tx.set_pins(&names(&["main"]), &two, PinMove::Forwards));
    assert_eq!(scene.one("main"), two);
}

#[test]
fn names_that_git_could_not_have_are_refused() {
    let scene = Scene::internal();
    let at = scene.one("@");
    for name in ["", "a..b", "-x", "a b", "@", "x.lock"] {
        let error = scene
            .try_change(|tx| tx.create_pins(&names(&[name]), &at))
            .unwrap_err();
        assert!(
            matches!(error, RepositoryError::Refused { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn pins_go_along_where_the_settings_say_so() {
    let mut scene = Scene::internal();
    scene.set("experimental-advance-branches.enabled-branches", r#"["*"]"#);
    scene.write("a.txt", "1\n");
    scene.change(|tx| tx.knot(Selection::all(), Some("one")));
    let one = scene.one("@-");
    scene.change(|tx| tx.create_pins(&names(&["main"]), &one));
    scene.write("a.txt", "2\n");
    scene.change(|tx| tx.knot(Selection::all(), Some("two")));
    assert_eq!(scene.one("main"), scene.one("@-"));
}

#[test]
fn a_forgotten_pin_is_not_deleted_elsewhere() {
    let scene = Scene::internal();
    let at = scene.one("root()");
    scene.change(|tx| tx.stitch(&NewStitch::onto([at])));
    let at = scene.one("@");
    scene.change(|tx| tx.create_pins(&names(&["main"]), &at));
    scene.change(|tx| tx.forget_pins(&names(&["main"]), Forget::Here));
    assert_eq!(scene.open().pins(), []);
    let error = scene
        .try_change(|tx| tx.delete_pins(&names(&["main"])))
        .unwrap_err();
    assert!(matches!(error, RepositoryError::Refused { .. }), "{error}");
}

#[test]
fn tags_are_git_s() {
    let scene = Scene::colocated();
    scene.write("a.txt", "1\n");
    let one = scene.knot("one");
    scene.change(|tx| tx.set_tag_target("v1", &PinTarget::at(one.clone())));
    assert_eq!(scene.git(&["rev-parse", "refs/tags/v1"]), one.to_string());
    scene.git(&["tag", "v2", &one.to_string()]);
    scene.take();
    let tags = scene.open().tags();
    let found: Vec<_> = tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(found, ["v1", "v2"]);
    assert!(scene.stitch("v1").immutable);
}
