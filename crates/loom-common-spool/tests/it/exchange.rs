//! Ledgers exchanged over a remote of git, with the git that is installed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use jj_lib::backend::{ChangeId, CommitId};
use jj_lib::object_id::ObjectId as _;
use loom_common_spool::exchange::{
    Direction, ExchangeError, Exchanged, LedgerRemote, exchange, random_actor,
};
use loom_common_spool::ledger::{LedgerError, LedgerFolder, LedgerView, LockedLedger, MAX_BYTES};
use tempfile::TempDir;

/// A bare remote and clones of it.
struct Scene {
    folder: TempDir,
}

/// A clone with its ledger.
struct Clone {
    remote: LedgerRemote,
    folder: LedgerFolder,
    next: u64,
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Scene {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        git(folder.path(), &["init", "-q", "--bare", "remote.git"]);
        Self { folder }
    }

    fn remote(&self) -> PathBuf {
        self.folder.path().join("remote.git")
    }

    fn clone(&self, name: &str) -> Clone {
        git(self.folder.path(), &["clone", "-q", "remote.git", name]);
        let git_dir = self.folder.path().join(name).join(".git");
        let folder = LedgerFolder::new(git_dir.join("loom"), Duration::from_secs(5));
        Clone {
            remote: LedgerRemote {
                program: PathBuf::from("git"),
                git_dir,
                remote: "origin".to_owned(),
                limit: Duration::from_secs(60),
            },
            folder,
            next: name.bytes().map(u64::from).sum::<u64>() << 32,
        }
    }

    /// Puts a file into the remote's ledger, as somebody would who means harm.
    fn put(&self, content: &[u8]) {
        let file = self.folder.path().join("content");
        fs::write(&file, content).unwrap();
        let remote = self.remote();
        let blob = git(&remote, &["hash-object", "-w", file.to_str().unwrap()]);
        self.put_entry(&format!("100644 blob {blob}\tledger"));
    }

    fn put_entry(&self, entry: &str) {
        let remote = self.remote();
        let list = self.folder.path().join("list");
        fs::write(&list, format!("{entry}\n")).unwrap();
        let output = Command::new("git")
            .arg("mktree")
            .current_dir(&remote)
            .stdin(fs::File::open(list).unwrap())
            .output()
            .unwrap();
        let tree = String::from_utf8(output.stdout).unwrap();
        let commit = git(&remote, &["commit-tree", "-m", "x", tree.trim()]);
        git(&remote, &["update-ref", "refs/loom/ledger", &commit]);
    }

    fn hook(&self, script: &str) {
        let path = self.remote().join("hooks/pre-receive");
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

impl Clone {
    fn lock(&mut self) -> LockedLedger {
        let next = &mut self.next;
        let mut randomness = || {
            *next += 1;
            *next
        };
        self.folder
            .lock(&mut || random_actor(&mut randomness))
            .unwrap()
    }

    fn change(&mut self, change: impl FnOnce(&mut loom_common_spool::ledger::Document)) {
        let mut ledger = self.lock();
        change(ledger.document_mut());
        ledger.save().unwrap();
    }

    fn pin(&mut self, name: &str, commit: &CommitId) {
        self.change(|document| {
            let known = document.view().pins.remove(name).unwrap_or_default();
            document
                .move_pin(name, &known, Some(commit.clone()))
                .unwrap();
        });
    }

    fn tag(&mut self, tag: &str) {
        self.change(|document| document.tag(&stitch(), tag).unwrap());
    }

    fn exchange(&mut self, direction: &Direction) -> Result<Exchanged, ExchangeError> {
        let next = &mut self.next;
        let mut randomness = || {
            *next += 1;
            *next
        };
        exchange(&self.remote, &self.folder, direction, &mut randomness)
    }

    fn shuttle(&mut self) -> Exchanged {
        let publish = Vec::new();
        self.exchange(&Direction::Shuttle { publish }).unwrap()
    }

    fn view(&self) -> LedgerView {
        self.folder.view().unwrap().unwrap_or_default()
    }

    fn tags(&self) -> BTreeSet<String> {
        self.view().tags.remove(&stitch()).unwrap_or_default()
    }

    fn commit(&self, message: &str) -> CommitId {
        let folder = self.remote.git_dir.parent().unwrap();
        git(folder, &["commit", "-q", "--allow-empty", "-m", message]);
        CommitId::try_from_hex(git(folder, &["rev-parse", "HEAD"])).unwrap()
    }
}

fn stitch() -> ChangeId {
    ChangeId::new(vec![7; 16])
}

fn tags(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|tag| (*tag).to_owned()).collect()
}

#[test]
fn clones_agree_and_the_remote_keeps_no_history() {
    let scene = Scene::new();
    let (mut one, mut two) = (scene.clone("one"), scene.clone("two"));
    one.tag("from-one");
    two.tag("from-two");
    assert_eq!(
        one.shuttle(),
        Exchanged {
            received: false,
            sent: true,
            refused: None
        }
    );
    assert_eq!(
        two.shuttle(),
        Exchanged {
            received: true,
            sent: true,
            refused: None
        }
    );
    let drawn = one.exchange(&Direction::Draw).unwrap();
    assert!(drawn.received && !drawn.sent, "{drawn:?}");
    assert_eq!(one.tags(), tags(&["from-one", "from-two"]));
    assert_eq!(one.view(), two.view());
    // Nothing new: nothing is sent.
    assert_eq!(one.shuttle(), Exchanged::default());
    assert_eq!(two.shuttle(), Exchanged::default());

    for number in 0..5 {
        one.tag(&format!("tag{number}"));
        one.shuttle();
    }
    let history = git(&scene.remote(), &["rev-list", "refs/loom/ledger"]);
    assert_eq!(history.lines().count(), 1);
    // The clone's own references are left alone.
    let references = git(
        &one.remote.git_dir,
        &["for-each-ref", "--format=%(refname)"],
    );
    assert_eq!(references, "");
}

#[test]
fn who_has_nothing_to_share_begins_no_ledger() {
    let scene = Scene::new();
    let mut one = scene.clone("one");
    assert_eq!(one.shuttle(), Exchanged::default());
    assert_eq!(
        one.exchange(&Direction::Draw).unwrap(),
        Exchanged::default()
    );
    assert_eq!(git(&scene.remote(), &["for-each-ref"]), "");
}

#[test]
fn commits_that_are_sent_for_their_own_sake_come_with_the_ledger_as_long_as_a_pin_is_there() {
    let scene = Scene::new();
    let (mut one, mut two) = (scene.clone("one"), scene.clone("two"));
    let (published, private) = (one.commit("published"), one.commit("private"));
    one.pin("main", &published);
    one.pin("secret", &private);
    one.exchange(&Direction::Shuttle {
        publish: vec![published.clone()],
    })
    .unwrap();
    two.shuttle();
    assert_eq!(two.view(), one.view());
    let kind = git(&two.remote.git_dir, &["cat-file", "-t", &published.hex()]);
    assert_eq!(kind, "commit");
    let missing = Command::new("git")
        .args(["cat-file", "-e", &private.hex()])
        .current_dir(scene.remote())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(!missing.success());

    // Others keep it there until no pin is at it.
    two.tag("new");
    two.shuttle();
    let parents = git(
        &scene.remote(),
        &["log", "-1", "--format=%P", "refs/loom/ledger"],
    );
    assert_eq!(parents, published.hex());
    two.pin("main", &private);
    two.shuttle();
    let parents = git(
        &scene.remote(),
        &["log", "-1", "--format=%P", "refs/loom/ledger"],
    );
    assert_eq!(parents, "");
}

#[test]
fn who_was_overtaken_merges_and_sends_again() {
    let scene = Scene::new();
    let (mut one, mut two) = (scene.clone("one"), scene.clone("two"));
    two.tag("from-two");
    two.shuttle();
    let faster = git(&scene.remote(), &["rev-parse", "refs/loom/ledger"]);
    git(&scene.remote(), &["update-ref", "-d", "refs/loom/ledger"]);
    // While the first push arrives, another one's ledger gets there.
    scene.hook(&format!(
        "#!/bin/sh\n[ -e overtaken ] && exit 0\ntouch overtaken\n\
         unset GIT_QUARANTINE_PATH\ngit update-ref refs/loom/ledger {faster}\n"
    ));
    one.tag("from-one");
    let exchanged = one.shuttle();
    assert!(scene.remote().join("overtaken").exists());
    assert!(exchanged.received && exchanged.sent, "{exchanged:?}");
    two.exchange(&Direction::Draw).unwrap();
    assert_eq!(two.tags(), tags(&["from-one", "from-two"]));
}

#[test]
fn who_is_overtaken_again_and_again_gives_up_and_keeps_what_it_got() {
    let scene = Scene::new();
    let mut one = scene.clone("one");
    one.tag("from-one");
    // Somebody else is about to change the reference, at each attempt.
    scene.hook("#!/bin/sh\nmkdir -p refs/loom\ntouch refs/loom/ledger.lock\n");
    let publish = Vec::new();
    let error = one.exchange(&Direction::Shuttle { publish }).unwrap_err();
    assert!(matches!(error, ExchangeError::Overtaken { .. }), "{error}");
    assert_eq!(one.tags(), tags(&["from-one"]));
}

#[test]
fn a_remote_that_takes_no_such_reference_is_told_of_once_and_still_read() {
    let scene = Scene::new();
    let (mut one, mut two) = (scene.clone("one"), scene.clone("two"));
    two.tag("from-two");
    two.shuttle();
    scene.hook("#!/bin/sh\necho no >&2\nexit 1\n");
    one.tag("from-one");
    let exchanged = one.shuttle();
    assert_eq!(
        exchanged,
        Exchanged {
            received: true,
            sent: false,
            refused: Some("[remote rejected] (pre-receive hook declined)".to_owned())
        }
    );
    assert_eq!(one.tags(), tags(&["from-one", "from-two"]));
}

#[test]
fn a_hostile_ledger_is_refused_and_the_own_one_unharmed() {
    let scene = Scene::new();
    let mut one = scene.clone("one");
    one.tag("mine");
    let before = one.view();
    let huge = vec![b'x'; MAX_BYTES + 1];
    for content in [b"".as_slice(), b"{}\n", b"{\"loom-ledger\":1}\n\0", &huge] {
        scene.put(content);
        let publish = Vec::new();
        let error = one.exchange(&Direction::Shuttle { publish }).unwrap_err();
        let is_refused = matches!(
            error,
            ExchangeError::Ledger(LedgerError::Damaged(_) | LedgerError::TooLarge { .. })
        );
        assert!(is_refused, "{error}");
        assert_eq!(one.view(), before);
    }
    scene.put(b"{\"loom-ledger\":9}\n");
    let error = one.exchange(&Direction::Draw).unwrap_err();
    let ExchangeError::Ledger(LedgerError::Newer { format: 9 }) = error else {
        panic!("{error}");
    };
}

#[test]
fn what_is_no_ledger_at_all_is_refused() {
    let scene = Scene::new();
    let mut one = scene.clone("one");
    let remote = scene.remote();
    let file = scene.folder.path().join("target");
    fs::write(&file, "/etc/passwd").unwrap();
    let blob = git(&remote, &["hash-object", "-w", file.to_str().unwrap()]);
    let tree = git(&remote, &["hash-object", "-w", "-t", "tree", "/dev/null"]);
    for entry in [
        format!("120000 blob {blob}\tledger"),
        format!("040000 tree {tree}\tledger"),
        format!("100644 blob {blob}\tother"),
    ] {
        scene.put_entry(&entry);
        let error = one.exchange(&Direction::Draw).unwrap_err();
        let said = "the ledger is damaged: at `origin`, it has no ledger in it";
        assert_eq!(error.to_string(), said);
    }
    for object in [blob, tree] {
        git(&remote, &["update-ref", "refs/loom/ledger", &object]);
        let error = one.exchange(&Direction::Draw).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the ledger is damaged: at `origin`, it is no commit"
        );
    }
}

#[test]
fn a_remote_that_is_not_there_is_said_so() {
    let scene = Scene::new();
    let mut one = scene.clone("one");
    fs::remove_dir_all(scene.remote()).unwrap();
    let error = one.exchange(&Direction::Draw).unwrap_err();
    let ExchangeError::Git {
        command: "ls-remote",
        message,
    } = error
    else {
        panic!("{error}");
    };
    assert!(
        message.contains("does not appear to be a git repository"),
        "{message}"
    );
}

#[test]
fn a_git_that_hangs_is_ended_and_one_that_is_missing_is_said_so() {
    let scene = Scene::new();
    let mut one = scene.clone("one");
    let program = scene.folder.path().join("slow-git");
    fs::write(&program, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    one.remote.program = program;
    one.remote.limit = Duration::from_millis(50);
    let error = one.exchange(&Direction::Draw).unwrap_err();
    assert!(matches!(error, ExchangeError::TimedOut { .. }), "{error}");

    one.remote.program = scene.folder.path().join("no-git");
    let error = one.exchange(&Direction::Draw).unwrap_err();
    assert!(matches!(error, ExchangeError::Run(_)), "{error}");
}

#[test]
fn what_was_not_sent_before_a_draw_is_sent_after_another_began_anew() {
    let scene = Scene::new();
    let (mut one, mut two) = (scene.clone("one"), scene.clone("two"));
    one.tag("theirs");
    one.shuttle();
    two.tag("ours");
    two.exchange(&Direction::Draw).unwrap();
    one.change(|document| *document = document.begun_anew([9; 16]).unwrap());
    one.shuttle();
    two.shuttle();
    let tags = ["ours", "theirs"].map(str::to_owned);
    assert_eq!(two.view().tags[&stitch()], BTreeSet::from(tags));
}
