//! What a thread changed, told apart from everybody else's changes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use loom_cli_rewind::{
    BackgroundEnd, CallStart, Content, KeptReason, Reach, Rewind, RewindError, Until, Work,
};
use loom_common_spool::{ChangeKind, KeepReason, SnapshotSettings};

use crate::scene::{Scene, call, shell, thread};
use crate::trouble::start_worker;

/// What is at a path without and with the changes of a thread.
type Told = BTreeMap<String, (String, String)>;

async fn work(rewind: &Rewind, since: u64, until: Until) -> Work {
    rewind.work(thread(1), since, until).await.unwrap()
}

fn told(work: &Work) -> Told {
    let files = work.files.iter().map(|file| {
        let sides = work.read(file).unwrap();
        let sides = (shown(sides.without), shown(sides.with));
        (file.path.clone(), sides)
    });
    files.collect()
}

fn shown(content: Option<Content>) -> String {
    match content {
        None => "-".to_owned(),
        Some(Content::File { bytes, mode }) => format!("{mode:o} {}", bytes.escape_ascii()),
        Some(Content::Link { target }) => format!("-> {}", target.escape_ascii()),
    }
}

fn expected<const N: usize>(files: [(&str, &str, &str); N]) -> Told {
    files
        .into_iter()
        .map(|(path, without, with)| (path.to_owned(), (without.to_owned(), with.to_owned())))
        .collect()
}

fn unclear(work: &Work) -> Vec<(&str, &KeptReason)> {
    let unclear = work.unclear.iter();
    unclear
        .map(|kept| (kept.path.as_str(), &kept.reason))
        .collect()
}

const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

#[tokio::test]
async fn lines_of_the_person_beside_those_of_the_thread_are_in_both_versions() {
    let scene = Scene::new();
    scene.write("both", LINES);
    scene.write("persons", "x");
    let rewind = scene.open().await;
    let turn = rewind.begin_turn(thread(1), 1, "go").await.unwrap();
    scene.write("both", LINES.replace('1', "person, before"));
    call(&rewind, "c1", || {
        let text = scene.read("both").unwrap();
        scene.write("both", text.replace('5', "thread"));
    })
    .await;
    let text = scene.read("both").unwrap();
    scene.write("both", text.replace('9', "person, after"));
    scene.write("persons", "y");

    let work = work(&rewind, turn.number, Until::Now).await;
    let persons = LINES
        .replace('1', "person, before")
        .replace('9', "person, after");
    let with = persons.replace('5', "thread");
    let file = |text: &str| format!("644 {}", text.escape_default());
    assert_eq!(
        told(&work),
        expected([("both", &file(&persons), &file(&with))])
    );
    assert_eq!(unclear(&work), []);
    assert_eq!(work.files[0].kind(), ChangeKind::Modified);
}

#[tokio::test]
async fn every_kind_of_change_is_told() {
    let scene = Scene::new();
    scene.write("gone", "x");
    scene.write("old-name", "same");
    scene.write("run.sh", "#!");
    scene.write("becomes-link", "x");
    scene.write("binary", b"\0\x01");
    scene.write("there-and-back", "x");
    scene.link("gone", "link");
    let rewind = scene.open().await;
    let turn = rewind.begin_turn(thread(1), 1, "go").await.unwrap();
    call(&rewind, "c1", || {
        scene.delete("gone");
        scene.delete("old-name");
        scene.write("new/name", "same");
        scene.set_mode("run.sh", 0o755);
        scene.delete("becomes-link");
        scene.link("elsewhere", "becomes-link");
        scene.write("binary", b"\0\x02");
        scene.write("there-and-back", "y");
        scene.delete("link");
        scene.link("new", "link");
    })
    .await;
    call(&rewind, "c2", || scene.write("there-and-back", "x")).await;
    let work = work(&rewind, turn.number, Until::Now).await;
    assert_eq!(
        told(&work),
        expected([
            ("becomes-link", "644 x", "-> elsewhere"),
            ("binary", r"644 \x00\x01", r"644 \x00\x02"),
            ("gone", "644 x", "-"),
            ("link", "-> gone", "-> new"),
            ("new/name", "-", "644 same"),
            ("old-name", "644 same", "-"),
            ("run.sh", "644 #!", "755 #!"),
        ])
    );
    let kinds: Vec<_> = work.files.iter().map(|file| file.kind()).collect();
    use ChangeKind::{Added, Deleted, Modified};
    assert_eq!(
        kinds,
        [
            Modified, Modified, Deleted, Modified, Added, Deleted, Modified
        ]
    );
}

#[tokio::test]
async fn what_happens_after_the_record_up_to_which_it_is_asked_is_not_in_it() {
    let scene = Scene::new();
    scene.write("a", "0\n");
    let rewind = scene.open().await;
    let first = rewind.before_call(shell("c1")).await.unwrap();
    scene.write("a", "1\n");
    let end = rewind.after_call(thread(1), 2, "c1").await.unwrap();
    let second = rewind.before_call(shell("c2")).await.unwrap();
    scene.write("a", "half of");
    let until = Until::Record(end.number);
    let of_first = work(&rewind, first.number, until).await;
    assert_eq!(told(&of_first), expected([("a", "644 0\\n", "644 1\\n")]));
    let nothing = work(&rewind, end.number, Until::Record(second.number)).await;
    assert_eq!(told(&nothing), Told::new());
    let so_far = work(&rewind, end.number, Until::Now).await;
    assert_eq!(told(&so_far), expected([("a", "644 1\\n", "644 half of")]));
    assert_eq!(so_far.running, ["bash c2"]);
}

#[tokio::test]
async fn what_cannot_be_told_apart_is_named() {
    let scene = Scene::new();
    scene.write("same-line", "0\n");
    scene.write("large", "0");
    let mut settings = SnapshotSettings::default();
    settings.limits.file_bytes = 10;
    let rewind = scene.open_with(settings).await.unwrap();
    let turn = rewind.begin_turn(thread(1), 1, "go").await.unwrap();
    call(&rewind, "c1", || {
        scene.write("same-line", "thread\n");
        scene.write("large", "0123456789a");
    })
    .await;
    scene.write("same-line", "person\n");
    let work = work(&rewind, turn.number, Until::Now).await;
    assert_eq!(told(&work), Told::new());
    assert_eq!(
        unclear(&work),
        [
            ("large", &KeptReason::NotRestored(KeepReason::NotKept)),
            ("same-line", &KeptReason::Conflict),
        ]
    );
}

#[tokio::test]
async fn a_file_that_is_ignored_since_does_not_count_as_deleted() {
    let scene = Scene::new();
    scene.write("build", "x");
    let rewind = scene.open().await;
    let turn = rewind.begin_turn(thread(1), 1, "go").await.unwrap();
    call(&rewind, "c1", || scene.write(".gitignore", "build\n")).await;
    let work = work(&rewind, turn.number, Until::Now).await;
    assert_eq!(told(&work), expected([(".gitignore", "-", "644 build\\n")]));
}

#[tokio::test]
async fn two_threads_at_once_each_have_their_own() {
    let scene = Scene::new();
    scene.write("both", LINES);
    let (first, second) = (scene.open().await, scene.open().await);
    let root = scene.root().canonicalize().unwrap();
    let edit = |number: u64, path: &str| CallStart {
        thread: thread(number),
        reach: Reach::Paths(vec![root.join(path)]),
        ..shell("edit")
    };
    let point = first.before_call(shell("c1")).await.unwrap();
    let other = second.before_call(edit(2, "second")).await.unwrap();
    scene.write("second", "x");
    scene.write("first", "x");
    second.after_call(thread(2), 2, "edit").await.unwrap();
    scene.write("both", LINES.replace('1', "first"));
    first.after_call(thread(1), 2, "c1").await.unwrap();
    second.before_call(edit(2, "both")).await.unwrap();
    scene.write("both", LINES.replace('1', "first").replace('9', "second"));
    second.after_call(thread(2), 2, "edit").await.unwrap();

    let with = r"644 first\n2\n3\n4\n5\n6\n7\n8\nsecond\n";
    let of_first = work(&first, point.number, Until::Now).await;
    assert_eq!(
        told(&of_first),
        expected([
            ("both", r"644 1\n2\n3\n4\n5\n6\n7\n8\nsecond\n", with),
            ("first", "-", "644 x"),
        ])
    );
    let of_second = second.work(thread(2), other.number, Until::Now).await;
    let of_second = of_second.unwrap();
    assert_eq!(
        told(&of_second),
        expected([
            ("both", r"644 first\n2\n3\n4\n5\n6\n7\n8\n9\n", with),
            ("second", "-", "644 x"),
        ])
    );
}

#[tokio::test]
async fn the_work_of_a_command_in_the_background_is_told_once_it_came_to_its_end() {
    let scene = Scene::new();
    let rewind = scene.open().await;
    let point = rewind.before_call(shell("build")).await.unwrap();
    rewind.call_goes_on(thread(1), 2, "build").await.unwrap();
    scene.write("built", "x");
    let turn = rewind.begin_turn(thread(1), 3, "and now").await.unwrap();
    let until = Until::Record(turn.number);
    let running = work(&rewind, point.number, until).await;
    assert_eq!(told(&running), Told::new());
    assert_eq!(unclear(&running), [("built", &KeptReason::Background)]);
    assert_eq!(running.running, ["bash build"]);

    let ended = rewind.background_ended(thread(1), 5, "build", BackgroundEnd::ByItself);
    ended.await.unwrap();
    let ended = work(&rewind, point.number, until).await;
    assert_eq!(told(&ended), expected([("built", "-", "644 x")]));
    assert_eq!((unclear(&ended), ended.running.len()), (vec![], 0));
}

#[tokio::test]
async fn after_a_kill_what_may_be_the_persons_is_named() {
    let scene = Scene::new();
    let mut process = start_worker(&scene);
    let output = BufReader::new(process.stdout.take().unwrap());
    let begun = output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("begun ")?.parse::<u64>().ok());
    let begun: Vec<u64> = begun.take(2).collect();
    process.kill().unwrap();
    process.wait().unwrap();
    scene.write("after-the-kill", "x");
    let rewind = scene.open().await;
    let work = work(&rewind, begun[0], Until::Now).await;
    assert!(unclear(&work).contains(&("after-the-kill", &KeptReason::CutOff)));
    // What the first call has written is known; of the second one nothing is.
    let certain: Vec<_> = work.files.iter().map(|file| &*file.path).collect();
    let named: Vec<_> = unclear(&work).iter().map(|(path, _)| *path).collect();
    let all = certain.iter().chain(&named).copied();
    let of_agent = all.filter(|path| path.starts_with("agent/")).count();
    assert_eq!(of_agent, 40, "{certain:?} {named:?}");
}

#[tokio::test]
async fn records_of_others_and_those_that_are_gone_are_refused() {
    let scene = Scene::new();
    let rewind = scene.open().await;
    let turn = rewind.begin_turn(thread(1), 1, "go").await.unwrap();
    let error = rewind
        .work(thread(2), turn.number, Until::Now)
        .await
        .unwrap_err();
    assert!(
        matches!(error, RewindError::UnknownPoint { number, .. } if number == turn.number),
        "{error:?}"
    );
}
