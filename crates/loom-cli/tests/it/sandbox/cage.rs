//! The ways of being confined, and attempts to get out of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use loom_testing::CommandLine;
use loom_testing::command_line::{Invocation, Output};

/// A way of being confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cage {
    /// Namespaces, made with the rights of whoever runs the tests.
    Namespaces,
    /// Namespaces, made without special rights: what anyone but the administrator gets.
    UserNamespaces,
    /// Namespaces made by `bwrap`.
    Bubblewrap,
    /// Landlock and seccomp alone.
    Landlock,
}

impl Cage {
    /// Returns the cages that this machine can build, and says which it cannot.
    ///
    /// Other programs are asked what the machine allows, so that a cage that Loom fails to build is
    /// a failure and no gap. Landlock must be there.
    #[expect(clippy::print_stderr, reason = "whoever reads the log must know")]
    pub(super) fn all() -> Vec<Self> {
        let all = [
            Self::Namespaces,
            Self::UserNamespaces,
            Self::Bubblewrap,
            Self::Landlock,
        ];
        let (possible, impossible): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|cage| cage.is_possible());
        if !impossible.is_empty() {
            eprintln!("NOT TESTED, as this machine refuses them: {impossible:?}");
        }
        possible
    }

    /// Returns those of [`Self::all`] in which processes, files and network are apart.
    pub(super) fn apart() -> Vec<Self> {
        let mut cages = Self::all();
        cages.retain(|cage| *cage != Self::Landlock);
        cages
    }

    fn is_possible(self) -> bool {
        let namespaces = [
            "--mount",
            "--pid",
            "--net",
            "--ipc",
            "--fork",
            "--mount-proc",
        ];
        let mut command = match self {
            Self::Namespaces if is_root() => Command::new("unshare"),
            Self::Namespaces => {
                let mut command = Command::new("unshare");
                command.args(["--user", "--map-current-user"]);
                command
            }
            Self::UserNamespaces if is_root() => {
                let mut command = Command::new(WITHOUT_RIGHTS[0]);
                command.args(&WITHOUT_RIGHTS[1..]);
                command.args(["unshare", "--user", "--map-current-user"]);
                command
            }
            // The same as the first.
            Self::UserNamespaces => return false,
            Self::Bubblewrap => {
                let mut command = Command::new("bwrap");
                command.args(["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]);
                command.args(["--unshare-pid", "--unshare-net", "true"]);
                return succeeds(command);
            }
            Self::Landlock => return true,
        };
        command.args(namespaces).arg("true");
        succeeds(command)
    }

    /// Returns the name that the option `--rung` has for it.
    pub(super) fn rung(self) -> &'static str {
        match self {
            Self::Namespaces | Self::UserNamespaces => "namespaces",
            Self::Bubblewrap => "bubblewrap",
            Self::Landlock => "landlock",
        }
    }

    /// Returns `loom sandbox` with these arguments, for this cage and in the person's work folder.
    pub(super) fn loom(self, user: &CommandLine, arguments: &[&str]) -> Invocation {
        let loom = [env!("CARGO_BIN_EXE_loom"), "sandbox", "--rung", self.rung()];
        let wrapper = match self {
            Self::UserNamespaces => WITHOUT_RIGHTS,
            _ => &[],
        };
        let words = [wrapper, &loom, arguments].concat();
        user.program(words[0], &words[1..])
    }

    /// Runs a script of bash in the cage.
    pub(super) fn run(self, user: &CommandLine, script: &str) -> Output {
        self.loom(user, &["--", "bash", "-c", script]).run()
    }
}

/// Runs a program as the administrator without the rights of one. A namespace of users in which the
/// administrator has a name is made only by who may set capabilities of files.
const WITHOUT_RIGHTS: &[&str] = &["setpriv", "--bounding-set=-all,+setfcap", "--inh-caps=-all"];

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn succeeds(mut command: Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A person with a folder outside of the workspace, which must not change.
pub(super) fn person() -> CommandLine {
    let user = CommandLine::new();
    let outside = outside(&user);
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("file"), "untouched\n").unwrap();
    std::fs::create_dir(outside.join("empty")).unwrap();
    user
}

/// The folder of [`person`] outside of the workspace.
pub(super) fn outside(user: &CommandLine) -> PathBuf {
    user.home().join("outside")
}

/// Returns all below a folder: path, kind and permissions, contents of files.
pub(super) fn snapshot(folder: &Path) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt as _;

    let mut entries = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let data = path.symlink_metadata().unwrap();
            let text = if data.is_dir() {
                folders.push(path.clone());
                String::new()
            } else {
                std::fs::read_to_string(&path).unwrap_or_default()
            };
            let mode = data.permissions().mode();
            entries.push(format!("{} {mode:o} {text}", path.display()));
        }
    }
    entries.sort();
    entries
}

/// Attempts to get out, each with a name and a line of bash that succeeds if it does.
pub(super) struct Attempts<'a>(pub(super) &'a [(&'a str, &'a str)]);

impl Attempts<'_> {
    /// Returns the script that makes the attempts and prints what came of each.
    ///
    /// `DEFINITIONS` come first; each attempt has a shell of its own.
    pub(super) fn script(&self, definitions: &str) -> String {
        let attempts: String = self
            .0
            .iter()
            .map(|(name, line)| {
                format!(
                    "if ( {line} ) >>attempts.log 2>&1 </dev/null; then echo 'OUT {name}'; \
                     else echo 'in  {name}'; fi\n"
                )
            })
            .collect();
        format!("{definitions}\n{attempts}")
    }

    fn expected(&self, mark: &str) -> String {
        self.0
            .iter()
            .map(|(name, _)| format!("{mark} {name}\n"))
            .collect()
    }

    /// Asserts that all of them get out of no sandbox: that they are worth making.
    #[track_caller]
    pub(super) fn assert_they_work_outside(&self, user: &CommandLine, definitions: &str) {
        let script = self.script(definitions);
        let output = user.program("bash", ["-c", &script]).run();
        assert_eq!(
            output.stdout,
            self.expected("OUT"),
            "without a sandbox:\n{output}"
        );
    }

    /// Asserts that none of them gets out of the cage.
    #[track_caller]
    pub(super) fn assert_refused(&self, cage: Cage, user: &CommandLine, definitions: &str) {
        let output = cage.run(user, &self.script(definitions));
        let log = std::fs::read_to_string(user.work().join("attempts.log"));
        assert_eq!(
            output.stdout,
            self.expected("in "),
            "{cage:?}:\n{output}\n{}",
            log.unwrap_or_default()
        );
    }
}
