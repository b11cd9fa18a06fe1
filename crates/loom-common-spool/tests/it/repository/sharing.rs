//! Clones that share pins, descriptions and tags over a bare remote.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use jj_lib::backend::CommitId;
use loom_common_spool::exchange::{Direction, ExchangeError, LedgerRemote, exchange};
use loom_common_spool::ledger::{LedgerFolder, LedgerView};
use loom_common_spool::repository::{
    Allowances, Draw, KnotId, NewStitch, PinMove, PinTarget, Push, PushWhat, Shared, Sharing,
    Winding,
};
use tempfile::TempDir;

use super::scene::Scene;

mod agreement;
mod unsent;

/// A remote.
struct Remote {
    folder: TempDir,
    clones: u64,
}

/// A clone of it, and the person who works there.
struct Clone {
    scene: Scene,
}

impl Remote {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let made = Command::new("git")
            .args(["init", "-q", "--bare", "remote.git"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success());
        Self { folder, clones: 0 }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("remote.git")
    }

    fn clone(&mut self) -> Clone {
        self.clones += 1;
        let scene = Scene::empty();
        // No two people make stitches of the same seed.
        scene.skip_commands(self.clones * 10_000);
        scene.wind(Winding::Colocated).unwrap();
        scene.git(&["remote", "add", "origin", self.path().to_str().unwrap()]);
        Clone { scene }
    }
}

impl Clone {
    /// Makes a stitch on top of another, and pins it.
    fn stitch(&self, onto: &str, description: &str, pin: &str) {
        let parent = self.scene.one(onto);
        let new = NewStitch {
            description: description.to_owned(),
            ..NewStitch::onto([parent])
        };
        let (made, _) = self.scene.change(|tx| tx.stitch(&new));
        self.pin(pin, &made);
    }

    fn pin(&self, pin: &str, at: &KnotId) {
        let names = [pin.to_owned()];
        self.scene
            .change(|tx| tx.set_pins(&names, at, PinMove::Anywhere));
    }

    fn describe(&self, revset: &str, text: &str) {
        let knot = self.scene.one(revset);
        self.scene.change(|tx| tx.describe(&[knot], text));
    }

    fn shuttle(&self, pins: &[&str]) -> Shared {
        self.shuttle_to("origin", pins)
    }

    fn shuttle_to(&self, remote: &str, pins: &[&str]) -> Shared {
        let pins: Vec<String> = pins.iter().map(|pin| (*pin).to_owned()).collect();
        let push = Push {
            remote: Some(remote.to_owned()),
            allow: Allowances {
                private: true,
                ..Allowances::default()
            },
            ..Push::new(PushWhat::Pins(pins))
        };
        let mut repository = self.scene.taken();
        let mut tx = repository.transaction().unwrap();
        // Whether the remote's pin is elsewhere or the pin is tangled: the ledger goes anyway.
        let mut sent = Vec::new();
        if let Ok(pushed) = tx.push(&push, &mut |_| {}) {
            sent = pushed.shared();
            tx.finish().unwrap();
        }
        repository
            .share(remote, &Sharing::Shuttle { sent })
            .unwrap()
    }

    fn follow(&self, pin: &str) {
        self.scene.change(|tx| tx.track_pin(pin, "origin"));
    }

    fn ledger(&self, remote: &str) -> LedgerView {
        let folder = self.scene.open().ledger(remote).unwrap();
        folder.view().unwrap().unwrap_or_default()
    }

    fn draw(&self) -> Shared {
        let mut repository = self.scene.taken();
        let mut tx = repository.transaction().unwrap();
        tx.draw(&Draw::default(), &mut |_| {}).unwrap();
        tx.finish().unwrap();
        repository.share("origin", &Sharing::Draw).unwrap()
    }

    fn target(&self, pin: &str) -> PinTarget {
        let pins = self.scene.open().pins();
        let found = pins.into_iter().find(|found| found.name == pin);
        found.map(|found| found.target).unwrap_or_default()
    }

    /// What a pin is at: descriptions with ids.
    fn at(&self, pin: &str) -> Vec<(String, String)> {
        let repository = self.scene.open();
        let mut found: Vec<_> = self
            .target(pin)
            .at
            .iter()
            .map(|knot| {
                let stitch = repository.stitch(knot).unwrap();
                (stitch.description, knot.to_string())
            })
            .collect();
        found.sort_unstable();
        found
    }
}

/// Two clones that have the same stitch, pinned `topic`.
fn two() -> (Remote, Clone, Clone) {
    let mut remote = Remote::new();
    let (one, two) = (remote.clone(), remote.clone());
    one.stitch("root()", "Add a parser", "topic");
    one.shuttle(&["topic"]);
    two.draw();
    two.follow("topic");
    assert_eq!(two.at("topic"), one.at("topic"));
    assert_eq!(two.at("topic")[0].0, "Add a parser\n");
    (remote, one, two)
}

#[test]
fn descriptions_that_are_edited_apart_merge_to_the_same_knot() {
    let (_remote, one, two) = two();
    one.describe("topic", "Add a fast parser");
    two.describe("topic", "Add a parser of dates");
    one.shuttle(&["topic"]);
    two.shuttle(&["topic"]);
    two.draw();
    one.draw();
    assert_eq!(one.at("topic"), two.at("topic"));
    let texts: Vec<_> = one.at("topic").into_iter().map(|(text, _)| text).collect();
    assert_eq!(texts, ["Add a fast parser of dates\n"]);
    for clone in [&one, &two] {
        let stitch = clone.scene.stitch("topic");
        assert!(!stitch.divergent, "{stitch:?}");
    }
}

#[test]
fn what_stands_on_a_described_stitch_is_the_same_on_all_machines() {
    let (_remote, one, two) = two();
    one.stitch("topic", "Test it", "topic");
    one.shuttle(&["topic"]);
    two.draw();
    one.describe("topic-", "Add a fast parser");
    two.describe("topic-", "Add a parser of dates");
    one.shuttle(&["topic"]);
    two.shuttle(&["topic"]);
    one.draw();
    two.draw();
    assert_eq!(one.at("topic"), two.at("topic"));
    for clone in [&one, &two] {
        let said = clone.scene.descriptions("root()..topic");
        assert_eq!(said, ["Test it", "Add a fast parser of dates"]);
        assert!(!clone.scene.stitch("topic").divergent);
    }
}

#[test]
fn a_pin_that_was_moved_apart_is_tangled_everywhere_until_somebody_settles_it() {
    let (_remote, one, two) = two();
    one.stitch("topic", "To the left", "topic");
    two.stitch("topic", "To the right", "topic");
    one.shuttle(&["topic"]);
    two.shuttle(&["topic"]);
    one.draw();
    two.draw();
    for clone in [&one, &two] {
        let texts: Vec<_> = clone
            .at("topic")
            .into_iter()
            .map(|(text, _)| text)
            .collect();
        assert_eq!(texts, ["To the left\n", "To the right\n"]);
        assert!(clone.target("topic").is_tangled());
    }
    assert_eq!(one.at("topic"), two.at("topic"));

    let left = one.scene.one(r#"subject("To the left")"#);
    let right = one.scene.one(r#"subject("To the right")"#);
    let both = NewStitch {
        description: "Both ways".to_owned(),
        ..NewStitch::onto([left, right])
    };
    let (both, _) = one.scene.change(|tx| tx.stitch(&both));
    one.pin("topic", &both);
    one.shuttle(&["topic"]);
    two.draw();
    assert_eq!(two.target("topic"), PinTarget::at(both));
}

#[test]
fn moving_a_pin_forward_is_no_tangle() {
    let (_remote, one, two) = two();
    one.stitch("topic", "Further", "topic");
    one.shuttle(&["topic"]);
    two.draw();
    assert_eq!(two.at("topic"), one.at("topic"));
    two.stitch("topic", "And further", "topic");
    two.shuttle(&["topic"]);
    one.draw();
    assert_eq!(two.at("topic"), one.at("topic"));
    assert!(!one.target("topic").is_tangled());
}

#[test]
fn a_pin_that_was_deleted_is_gone_everywhere() {
    let (_remote, one, two) = two();
    let names = ["topic".to_owned()];
    one.scene.change(|tx| tx.delete_pins(&names));
    one.shuttle(&["topic"]);
    two.draw();
    assert!(two.target("topic").is_absent());
}

#[test]
fn what_git_did_in_between_is_found() {
    let (_remote, one, two) = two();
    let parent = one.scene.git(&["rev-parse", "topic"]);
    let tree = one.scene.git(&["rev-parse", "topic^{tree}"]);
    let made = one
        .scene
        .git(&["commit-tree", "-p", &parent, "-m", "By git", &tree]);
    one.scene.git(&["update-ref", "refs/heads/topic", &made]);
    one.shuttle(&["topic"]);
    two.draw();
    assert_eq!(two.at("topic"), [("By git\n".to_owned(), made)]);
}

#[test]
fn immutable_stitches_are_left_alone() {
    let (_remote, one, mut two) = two();
    one.describe("topic", "Add a fast parser");
    one.shuttle(&["topic"]);
    two.describe("topic", "Add a parser of dates");
    let (theirs, ours) = (one.at("topic"), two.at("topic"));
    let aliases = r#"revset-aliases."immutable_heads()""#;
    two.scene.set(aliases, "'all()'");
    let shared = two.draw();
    assert!(shared.finished.is_none(), "{shared:?}");
    assert_eq!(two.at("topic"), [theirs, ours].concat());
}

#[test]
fn a_pin_whose_knot_did_not_come_along_waits_for_it() {
    let (_remote, one, two) = two();
    one.stitch("topic", "Further", "topic");
    // A ledger without its knots, as of one who has sent more than it takes along.
    let elsewhere = TempDir::new().unwrap();
    let folder = LedgerFolder::new(elsewhere.path(), Duration::from_secs(30));
    let remote = LedgerRemote {
        program: PathBuf::from("git"),
        git_dir: one.scene.root().join(".git"),
        remote: "origin".to_owned(),
        limit: Duration::from_secs(60),
    };
    let mut randomness = || 7;
    exchange(&remote, &folder, &Direction::Draw, &mut randomness).unwrap();
    let mut ledger = folder.lock(&mut || [7; 16]).unwrap();
    let seen = ledger.document().view().pins.remove("topic").unwrap();
    let value = CommitId::try_from_hex(&one.at("topic")[0].1);
    ledger
        .document_mut()
        .move_pin("topic", &seen, value)
        .unwrap();
    ledger.save().unwrap();
    drop(ledger);
    let publish = Vec::new();
    exchange(
        &remote,
        &folder,
        &Direction::Shuttle { publish },
        &mut randomness,
    )
    .unwrap();
    let before = two.at("topic");
    assert_eq!(two.draw().waiting, ["topic"]);
    assert_eq!(two.at("topic"), before);
    one.shuttle(&["topic"]);
    assert_eq!(two.draw().waiting, Vec::<String>::new());
    assert_eq!(two.at("topic"), one.at("topic"));
}

#[test]
fn tags_are_added_and_taken_away_everywhere() {
    let (_remote, one, two) = two();
    let tag = |clone: &Clone, add: &[&str], remove: &[&str]| {
        let owned = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
        let knot = clone.scene.one("topic");
        let repository = clone.scene.taken();
        repository
            .tag_stitch("origin", &knot, &owned(add), &owned(remove))
            .unwrap();
    };
    tag(&one, &["reviewed", "slow"], &[]);
    one.shuttle(&["topic"]);
    two.draw();
    tag(&two, &["released"], &["slow"]);
    two.shuttle(&["topic"]);
    one.draw();
    let stitch = one.scene.stitch("topic").id;
    let expected = vec![(stitch, vec!["released".to_owned(), "reviewed".to_owned()])];
    assert_eq!(one.scene.open().stitch_tags("origin").unwrap(), expected);
    assert_eq!(two.scene.open().stitch_tags("origin").unwrap(), expected);
}

#[test]
fn what_others_did_is_one_operation_that_can_be_unpicked() {
    let (_remote, one, two) = two();
    one.describe("topic", "Add a fast parser");
    one.shuttle(&["topic"]);
    two.describe("topic", "Add a parser of dates");
    let apart = [one.at("topic"), two.at("topic")].concat();
    assert!(two.draw().finished.is_some());
    let merged = two.at("topic");
    assert_eq!(merged.len(), 1);
    assert_eq!(merged[0].0, "Add a fast parser of dates\n");
    let log = two.scene.open().tension_log();
    let last = log.into_iter().next().unwrap().unwrap();
    assert_eq!(last.description, "take over the ledger of origin");
    let mut repository = two.scene.taken();
    let mut tx = repository.transaction().unwrap();
    tx.unpick().unwrap();
    tx.finish().unwrap();
    assert_eq!(two.at("topic"), apart);
}

#[test]
fn a_damaged_ledger_at_the_remote_is_an_error_and_changes_nothing() {
    let (remote, one, two) = two();
    one.describe("topic", "Add a fast parser");
    let blob = remote.path().join("blob");
    fs::write(&blob, "garbage").unwrap();
    let git = |arguments: &[&str]| one.scene.git_in(&remote.path(), arguments);
    let id = git(&["hash-object", "-w", "blob"]);
    git(&["update-ref", "refs/loom/ledger", &id]);
    let before = (two.at("topic"), two.scene.open().operation());
    let mut repository = two.scene.taken();
    let error = repository.share("origin", &Sharing::Draw).unwrap_err();
    assert!(matches!(error, ExchangeError::Ledger(_)), "{error}");
    assert_eq!((two.at("topic"), two.scene.open().operation()), before);
}

#[test]
fn a_damaged_ledger_here_is_begun_anew_from_the_repository() {
    let (_remote, one, two) = two();
    let ledgers = two.scene.path(".jj/repo/loom/ledgers");
    let folder = fs::read_dir(ledgers).unwrap().next().unwrap().unwrap();
    let file = folder.path().join("ledger");
    fs::write(&file, "garbage").unwrap();
    two.stitch("topic", "Further", "topic");
    two.shuttle(&["topic"]);
    one.draw();
    assert_eq!(one.at("topic"), two.at("topic"));
    assert!(file.with_extension("damaged").exists());
}
