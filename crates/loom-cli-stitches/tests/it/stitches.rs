//! What becomes a stitch, and what stays in the shuttle.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use loom_common_spool::repository::{ThreadTrailers, Winding};

use super::scene::{Scene, thread};

const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

#[tokio::test]
async fn a_turn_that_changed_something_is_a_stitch_with_its_thread() {
    let scene = Scene::new(Winding::Internal).await;
    let told = scene
        .play("add a greeting", |scene| {
            scene.write("hello.txt", "hello\n")
        })
        .await;
    let stitch = scene.stitch("@-");
    let knot = stitch.knot.to_string();
    assert_eq!(
        told,
        [format!("stitched {}: Add a greeting (1 file)", &knot[..8])]
    );
    assert_eq!(
        stitch.description,
        format!(
            "Add a greeting\n\nLoom-Thread: {}\nLoom-Turn: 1\n",
            thread()
        )
    );
    assert_eq!(scene.file("@-", "hello.txt").as_deref(), Some("hello\n"));
    assert!(scene.stitch("@").empty);
    let revset = ThreadTrailers::revset(&thread().to_string()).unwrap();
    let found = scene.open().resolve(&revset).unwrap();
    assert_eq!(found, [stitch.knot]);
}

#[tokio::test]
async fn what_the_person_did_stays_in_the_shuttle_also_in_the_same_file() {
    let scene = Scene::new(Winding::Internal).await;
    scene.write("both.txt", LINES);
    scene.knot("Begin");
    // Before, while the agent works, and in a file of their own.
    scene.write("both.txt", &LINES.replace('1', "one, by hand"));
    scene.write("mine.txt", "mine\n");
    scene
        .play("mark the end", |scene| {
            let text = scene.read("both.txt").replace('9', "nine, by the agent");
            scene.write("both.txt", &text);
        })
        .await;
    assert_eq!(
        scene.file("@-", "both.txt"),
        Some(LINES.replace('9', "nine, by the agent"))
    );
    assert_eq!(scene.file("@-", "mine.txt"), None);
    let both = LINES
        .replace('1', "one, by hand")
        .replace('9', "nine, by the agent");
    assert_eq!(scene.file("@", "both.txt"), Some(both.clone()));
    assert_eq!(scene.file("@", "mine.txt").as_deref(), Some("mine\n"));
    assert_eq!(scene.read("both.txt"), both);
}

#[tokio::test]
async fn turns_are_stitches_one_on_top_of_the_other_and_one_without_changes_is_none() {
    let scene = Scene::new(Winding::Internal).await;
    scene
        .play("write one file", |scene| scene.write("a.txt", "one\n"))
        .await;
    assert_eq!(
        scene.play("look at the file", |_| {}).await,
        Vec::<String>::new()
    );
    scene
        .play("change the file", |scene| scene.write("a.txt", "two\n"))
        .await;
    scene
        .play("take the file away", |scene| {
            fs::remove_file(scene.path("a.txt")).unwrap();
        })
        .await;
    assert_eq!(scene.file("@---", "a.txt").as_deref(), Some("one\n"));
    assert_eq!(scene.file("@--", "a.txt").as_deref(), Some("two\n"));
    assert_eq!(scene.file("@-", "a.txt"), None);
    let said = scene.stitch("@-").description;
    assert!(said.starts_with("Take the file away\n"), "{said}");
}

#[tokio::test]
async fn no_file_on_disk_is_touched() {
    let scene = Scene::new(Winding::Internal).await;
    scene.write("mine.txt", "mine\n");
    let times = |scene: &Scene| {
        ["mine.txt", "run.sh"].map(|path| {
            let file = fs::metadata(scene.path(path)).unwrap();
            (file.modified().unwrap(), file.permissions().mode())
        })
    };
    let begun = scene.rewind.begin_turn(thread(), 1, "go on").await.unwrap();
    let until = scene
        .call(|scene| {
            scene.write("run.sh", "#!/bin/sh\n");
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(scene.path("run.sh"), mode).unwrap();
        })
        .await;
    let before = times(&scene);
    scene.ends("go on", begun.number, until).await;
    assert_eq!(times(&scene), before);
    assert!(scene.stitch("@-").description.starts_with("Go on\n"));
}

#[tokio::test]
async fn where_both_changed_the_same_lines_the_file_is_left_and_named() {
    let scene = Scene::new(Winding::Internal).await;
    scene.write("both.txt", LINES);
    scene.knot("Begin");
    scene.write("both.txt", &LINES.replace('5', "five, by hand"));
    let told = scene
        .play("say it better", |scene| {
            let text = scene.read("both.txt").replace("five, by hand", "FIVE");
            scene.write("both.txt", &text);
            scene.write("other.txt", "other\n");
        })
        .await;
    assert_eq!(
        told[1..],
        ["left in the shuttle: both.txt (others changed the same lines)"]
    );
    assert_eq!(scene.file("@-", "both.txt").as_deref(), Some(LINES));
    assert_eq!(scene.file("@-", "other.txt").as_deref(), Some("other\n"));
}

#[tokio::test]
async fn a_workspace_inside_of_the_repository_and_git_beside_it_work_as_well() {
    let scene = Scene::in_folder(Winding::Colocated, "crates/one").await;
    scene
        .play("add a module", |scene| scene.write("lib.rs", "//! New.\n"))
        .await;
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(scene.root())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(git(&["log", "-1", "--format=%s"]), "Add a module\n");
    assert_eq!(
        git(&["show", "--name-only", "--format="]),
        "crates/one/lib.rs\n"
    );
    assert_eq!(git(&["status", "--porcelain"]), "");
}

#[tokio::test]
async fn a_failure_is_told_once_and_the_work_goes_with_the_next_stitch() {
    let scene = Scene::new(Winding::Internal).await;
    let checkout = scene.root().join(".jj/working_copy/checkout");
    let stored = fs::read(&checkout).unwrap();
    fs::write(&checkout, "garbage").unwrap();
    let told = scene
        .play("write one file", |scene| scene.write("a.txt", "one\n"))
        .await;
    assert_eq!(told.len(), 1, "{told:?}");
    let told_of = &told[0];
    assert!(
        told_of.starts_with("the agent's work goes with the next stitch: "),
        "{told_of}"
    );
    let told = scene
        .play("write another file", |scene| scene.write("b.txt", "two\n"))
        .await;
    assert_eq!(told, Vec::<String>::new());
    fs::write(&checkout, stored).unwrap();
    let told = scene
        .play("write a third file", |scene| {
            scene.write("c.txt", "three\n")
        })
        .await;
    assert!(
        told[0].ends_with(": Write a third file (3 files)"),
        "{told:?}"
    );
}

#[tokio::test]
async fn secrets_of_the_prompt_are_no_part_of_the_description() {
    let scene = Scene::new(Winding::Internal).await;
    let key = ["ghp_", "016C7yYh3kX2mQp9Zt5vB8nLr4sJdWfE1aGu"].concat();
    scene
        .play(&format!("use the key {key}"), |scene| {
            scene.write("a.txt", "one\n");
        })
        .await;
    let said = scene.stitch("@-").description;
    assert!(!said.contains("016C7yYh3kX2mQp9Zt5v"), "{said}");
    assert!(said.starts_with("Use the key"), "{said}");
}
