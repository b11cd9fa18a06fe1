//! Random work of two threads and a person in one folder, and going back anywhere in between.
//!
//! Each has files of its own, and all three have a line of their own in a shared file. What going
//! back must come to can be said from outside: the thread's files and its line are what they were
//! at the point, byte for byte, and everything else is what it is now.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use loom_cli_rewind::{CallStart, Content, OnConflict, Reach, Rewind, Until};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::scene::{Disk, Scene, thread};

/// Two of them cannot be there at once: `sub` is a file, or a folder.
const NAMES: [&str; 6] = ["one", "two", "sub", "sub/three", "sub/deep/four", "five"];

const SHARED: &str = "shared.txt";

/// The person's number; those of the threads are 0 and 1.
const PERSON: usize = 2;

#[derive(Clone, Debug)]
enum Edit {
    Write { name: usize, content: Vec<u8> },
    Link { name: usize, target: usize },
    Mode { name: usize, mode: u32 },
    Delete { name: usize },
    Rename { from: usize, to: usize },
    Line { value: u8 },
}

#[derive(Clone, Debug)]
enum Step {
    Turn {
        who: usize,
    },
    Call {
        who: usize,
        edits: Vec<Edit>,
        is_shell: bool,
    },
    /// A shell command of one thread, in the midst of which the other edits files.
    Overlapping {
        shell: usize,
        edits: [Vec<Edit>; 2],
    },
    Person {
        edits: Vec<Edit>,
    },
    Back {
        who: usize,
        point: prop::sample::Index,
    },
    UndoBack,
}

fn edit() -> impl Strategy<Value = Edit> {
    let name = || 0..NAMES.len();
    prop_oneof![
        4 => (name(), prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            "(line [a-c]\n){0,6}".prop_map(String::into_bytes),
        ]).prop_map(|(name, content)| Edit::Write { name, content }),
        1 => (name(), name()).prop_map(|(name, target)| Edit::Link { name, target }),
        1 => (name(), prop::sample::select(vec![0o600, 0o644, 0o755, 0o664]))
            .prop_map(|(name, mode)| Edit::Mode { name, mode }),
        2 => name().prop_map(|name| Edit::Delete { name }),
        1 => (name(), name()).prop_map(|(from, to)| Edit::Rename { from, to }),
        2 => any::<u8>().prop_map(|value| Edit::Line { value }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let edits = || prop::collection::vec(edit(), 0..4);
    let who = || 0..2_usize;
    prop_oneof![
        1 => who().prop_map(|who| Step::Turn { who }),
        4 => (who(), edits(), any::<bool>())
            .prop_map(|(who, edits, is_shell)| Step::Call { who, edits, is_shell }),
        2 => (who(), edits(), edits())
            .prop_map(|(shell, a, b)| Step::Overlapping { shell, edits: [a, b] }),
        2 => edits().prop_map(|edits| Step::Person { edits }),
        3 => (who(), any::<prop::sample::Index>())
            .prop_map(|(who, point)| Step::Back { who, point }),
        1 => Just(Step::UndoBack),
    ]
}

/// Does an edit with what belongs to `who`.
fn carry_out(root: &Path, who: usize, edit: &Edit) {
    let own = |name: &usize| root.join(who.to_string()).join(NAMES[*name]);
    let make_room = |path: &Path| {
        if path
            .symlink_metadata()
            .is_ok_and(|metadata| metadata.is_dir())
        {
            fs::remove_dir_all(path).unwrap();
        }
        let _ = fs::remove_file(path);
        let mut above = root.to_owned();
        for name in path.strip_prefix(root).unwrap().parent().unwrap() {
            above.push(name);
            if above
                .symlink_metadata()
                .is_ok_and(|metadata| !metadata.is_dir())
            {
                fs::remove_file(&above).unwrap();
            }
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
    };
    match edit {
        Edit::Write { name, content } => {
            make_room(&own(name));
            fs::write(own(name), content).unwrap();
        }
        Edit::Link { name, target } => {
            make_room(&own(name));
            symlink(NAMES[*target], own(name)).unwrap();
        }
        Edit::Mode { name, mode } => {
            if own(name)
                .symlink_metadata()
                .is_ok_and(|metadata| metadata.is_file())
            {
                fs::set_permissions(own(name), fs::Permissions::from_mode(*mode)).unwrap();
            }
        }
        Edit::Delete { name } => {
            let _ = fs::remove_file(own(name));
        }
        Edit::Rename { from, to } => {
            if from != to
                && own(from)
                    .symlink_metadata()
                    .is_ok_and(|found| found.is_file())
            {
                let kept = root.join("moving");
                fs::rename(own(from), &kept).unwrap();
                make_room(&own(to));
                fs::rename(kept, own(to)).unwrap();
            }
        }
        Edit::Line { value } => {
            let mut lines = shared_lines(&fs::read_to_string(root.join(SHARED)).unwrap());
            lines[who] = value.to_string();
            fs::write(root.join(SHARED), shared_text(&lines)).unwrap();
        }
    }
}

/// The lines of the three, with others around them that nobody changes.
fn shared_text(lines: &[String]) -> String {
    lines
        .iter()
        .enumerate()
        .map(|(who, line)| format!("begin {who}\n\n{line}\n\nend {who}\n"))
        .collect()
}

fn shared_lines(text: &str) -> Vec<String> {
    text.lines().skip(2).step_by(5).map(str::to_owned).collect()
}

/// What the disk must hold when `who` goes back from `now` to `then`.
fn expected(now: &Disk, then: &Disk, who: usize) -> Disk {
    let own = format!("{who}/");
    let mut disk: Disk = now.clone();
    disk.retain(|path, _| !path.starts_with(&own));
    let back = then.iter().filter(|(path, _)| path.starts_with(&own));
    disk.extend(back.map(|(path, file)| (path.clone(), file.clone())));
    let text = |disk: &Disk| String::from_utf8(disk[SHARED].1.clone()).unwrap();
    let mut lines = shared_lines(&text(now));
    lines[who] = shared_lines(&text(then))[who].clone();
    disk.get_mut(SHARED).unwrap().1 = shared_text(&lines).into_bytes();
    disk
}

/// The points of a thread, with what the disk held at each.
type Points = Vec<(u64, Disk)>;

struct Work {
    scene: Scene,
    rewind: Rewind,
    points: [Points; 2],
    last_back: Option<(usize, u64, Disk)>,
    calls: u64,
}

impl Work {
    async fn begin(&mut self, who: usize, reach: Reach) -> String {
        self.calls += 1;
        let call_id = self.calls.to_string();
        let before = self.scene.disk();
        let start = CallStart {
            thread: thread(who as u64),
            log_len: self.calls,
            call_id: call_id.clone(),
            label: String::new(),
            reach,
        };
        let point = self.rewind.before_call(start).await.unwrap();
        self.points[who].push((point.number, before));
        call_id
    }

    async fn end(&self, who: usize, call_id: &str) {
        let ended = self
            .rewind
            .after_call(thread(who as u64), self.calls, call_id);
        ended.await.unwrap();
    }

    fn carry_out(&self, who: usize, edits: &[Edit]) {
        for edit in edits {
            carry_out(&self.scene.root(), who, edit);
        }
    }

    /// What a tool that edits says that it will touch.
    fn own_reach(&self, who: usize) -> Reach {
        // The system's own path: without links, as sessions give it.
        let root = self.scene.root().canonicalize().unwrap();
        Reach::Paths(vec![root.join(who.to_string())])
    }

    async fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Turn { who } => {
                let before = self.scene.disk();
                let turn = self
                    .rewind
                    .begin_turn(thread(*who as u64), self.calls, "do it");
                self.points[*who].push((turn.await.unwrap().number, before));
            }
            Step::Call {
                who,
                edits,
                is_shell,
            } => {
                let has_line = edits.iter().any(|edit| matches!(edit, Edit::Line { .. }));
                let reach = if *is_shell || has_line {
                    Reach::Anything
                } else {
                    self.own_reach(*who)
                };
                let call = self.begin(*who, reach).await;
                self.carry_out(*who, edits);
                self.end(*who, &call).await;
            }
            Step::Overlapping { shell, edits } => {
                let other = 1 - shell;
                let [mut shell_edits, mut other_edits] = edits.clone();
                // Both in one file at once is another matter.
                for edits in [&mut shell_edits, &mut other_edits] {
                    edits.retain(|edit| !matches!(edit, Edit::Line { .. }));
                }
                let first = self.begin(*shell, Reach::Anything).await;
                self.carry_out(*shell, &shell_edits);
                let second = self.begin(other, self.own_reach(other)).await;
                self.carry_out(other, &other_edits);
                self.carry_out(*shell, &shell_edits);
                self.end(*shell, &first).await;
                self.carry_out(other, &other_edits);
                self.end(other, &second).await;
            }
            Step::Person { edits } => self.carry_out(PERSON, edits),
            Step::Back { who, point } => {
                if self.points[*who].is_empty() {
                    return Ok(());
                }
                let (to, then) = point.get(&self.points[*who]).clone();
                self.back(*who, to, &then).await?;
            }
            Step::UndoBack => {
                if let Some((who, undo, before)) = self.last_back.take() {
                    self.back(who, undo, &before).await?;
                }
            }
        }
        Ok(())
    }

    /// What is told of the thread's work is what going back would take away.
    async fn told_apart(
        &self,
        who: usize,
        to: u64,
        then: &Disk,
        now: &Disk,
    ) -> Result<(), TestCaseError> {
        let work = self.rewind.work(thread(who as u64), to, Until::Now).await;
        let work = work.unwrap();
        prop_assert_eq!(&work.unclear, &vec![]);
        let entry = |content: Option<Content>| {
            content.map(|content| match content {
                Content::File { bytes, mode } => (mode, bytes),
                Content::Link { target } => (0, target),
            })
        };
        let mut without = now.clone();
        for file in &work.files {
            let sides = work.read(file).unwrap();
            prop_assert_eq!(entry(sides.with), now.get(&file.path).cloned());
            match entry(sides.without) {
                Some(entry) => without.insert(file.path.clone(), entry),
                None => without.remove(&file.path),
            };
        }
        prop_assert_eq!(without, expected(now, then, who));
        Ok(())
    }

    async fn back(&mut self, who: usize, to: u64, then: &Disk) -> Result<(), TestCaseError> {
        let now = self.scene.disk();
        self.told_apart(who, to, then, &now).await?;
        let report = self
            .rewind
            .restore(thread(who as u64), self.calls, to, OnConflict::Keep)
            .await
            .unwrap();
        prop_assert_eq!(&report.kept, &vec![]);
        prop_assert_eq!(self.scene.disk(), expected(&now, then, who));
        let undo = report.undo.unwrap();
        self.points[who].push((undo, now.clone()));
        self.last_back = Some((who, undo, now));
        Ok(())
    }
}

fn run(steps: &[Step]) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let scene = Scene::new();
        let lines = ["zero", "one", "two"].map(str::to_owned);
        scene.write(SHARED, shared_text(&lines));
        for who in 0..=PERSON {
            scene.write(&format!("{who}/one"), format!("first of {who}\n"));
            scene.write(&format!("{who}/sub/three"), "third\n".repeat(3));
        }
        let mut work = Work {
            rewind: scene.open().await,
            scene,
            points: [Vec::new(), Vec::new()],
            last_back: None,
            calls: 0,
        };
        for step in steps {
            work.step(step).await?;
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn going_back_gives_a_thread_its_files_byte_for_byte_and_leaves_those_of_others(
        steps in prop::collection::vec(step(), 1..25)
    ) {
        run(&steps)?;
    }
}
