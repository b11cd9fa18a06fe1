//! Where paths lead, and which places are asked for whatever the mode.
//!
//! Three kinds of places are sensitive. Credentials are handed in, as the sandbox hides the same ones.
//! Files like `.env` hold secrets by custom, and what is read goes to the provider of the model. And
//! there are files that are harmless to look at, but what stands in them is run or obeyed later, outside any
//! sandbox: hooks and settings of version control and editors, start files of shells, Loom's own rules.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Links that are followed on the way to one path; as many as the Linux kernel follows.
const MAX_LINKS: usize = 40;

/// Folders, at any depth, in which files steer programs.
const STEERING_FOLDERS: &[&str] = &[
    ".claude", ".git", ".hg", ".husky", ".idea", ".jj", ".loom", ".vscode",
];

/// Files, at any depth, that steer programs.
const STEERING_FILES: &[&str] = &[
    ".bash_aliases",
    ".bash_login",
    ".bash_logout",
    ".bash_profile",
    ".bashrc",
    ".cshrc",
    ".envrc",
    ".gitconfig",
    ".inputrc",
    ".kshrc",
    ".login",
    ".mcp.json",
    ".profile",
    ".tcshrc",
    ".zlogin",
    ".zlogout",
    ".zprofile",
    ".zshenv",
    ".zshrc",
];

/// Folders below the person's own in which files steer programs.
const STEERING_HOME_FOLDERS: &[&str] = &[
    ".config/autostart",
    ".config/environment.d",
    ".config/fish",
    ".config/git",
    ".config/systemd",
    ".local/bin",
    ".local/share/applications",
];

/// Endings of files like `.env` that hold examples.
const EXAMPLES: &[&str] = &["defaults", "dist", "example", "sample", "template"];

/// What is known of the file system, apart from the workspace.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The person's folder, for `~`: absolute.
    pub home: Option<PathBuf>,
    /// Files and folders with credentials, the same that the sandbox hides: absolute.
    pub hidden: Vec<PathBuf>,
}

/// Why a place is sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Credentials are kept there.
    Credentials,
    /// Files of this name hold secrets.
    Secrets,
    /// What stands there is run or obeyed later.
    Steering,
}

/// A path, in relation to the folders that patterns begin at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) path: &'a Path,
    pub(crate) workspace: &'a Path,
    pub(crate) home: Option<&'a Path>,
}

impl<'a> Place<'a> {
    /// Returns the path from the workspace, if it is inside.
    pub(crate) fn in_workspace(&self) -> Option<&'a Path> {
        self.path.strip_prefix(self.workspace).ok()
    }

    /// Returns the path from the person's folder, if it is inside.
    pub(crate) fn in_home(&self) -> Option<&'a Path> {
        self.path.strip_prefix(self.home?).ok()
    }

    /// Returns the shortest way to write the path: what it begins with, and the rest.
    pub(crate) fn shortest(&self) -> (&'static str, &'a Path) {
        match (self.in_workspace(), self.in_home()) {
            (Some(path), _) => ("", path),
            (None, Some(path)) => ("~/", path),
            (None, None) => ("", self.path),
        }
    }

    /// Returns the path as it is shown to people.
    pub(crate) fn shown(&self) -> String {
        let (prefix, path) = self.shortest();
        if path.as_os_str().is_empty() {
            return if prefix.is_empty() {
                ".".to_owned()
            } else {
                "~".to_owned()
            };
        }
        format!("{prefix}{}", path.display())
    }
}

/// A sensitive place that a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sensitive {
    pub(crate) why: Sensitivity,
    /// The name of the file or folder that makes it so. A rule that names it knows what it allows.
    pub(crate) name: String,
}

impl Places {
    /// Adds the links' targets of hidden places, and the files that decide about permissions.
    pub(crate) fn prepared(mut self) -> Self {
        let targets: Vec<_> = self.hidden.iter().map(|path| resolved(path)).collect();
        self.hidden.extend(targets);
        self.hidden.sort_unstable();
        self.hidden.dedup();
        self
    }

    /// Tells why reading the path is asked for.
    pub(crate) fn sensitive_to_read(&self, path: &Path) -> Option<Sensitive> {
        self.credentials(path).or_else(|| {
            let name = path.file_name()?.to_str()?;
            is_environment_file(name).then(|| Sensitive {
                why: Sensitivity::Secrets,
                name: name.to_owned(),
            })
        })
    }

    /// Tells why writing the path is asked for.
    pub(crate) fn sensitive_to_write(
        &self,
        path: &Path,
        deciding: &[PathBuf],
    ) -> Option<Sensitive> {
        let steering = |name: &str| {
            Some(Sensitive {
                why: Sensitivity::Steering,
                name: name.to_owned(),
            })
        };
        for component in path.components() {
            if let Component::Normal(name) = component
                && let Some(name) = name.to_str()
                && (STEERING_FOLDERS.contains(&name) || STEERING_FILES.contains(&name))
            {
                return steering(name);
            }
        }
        let below_home = self
            .home
            .as_ref()
            .and_then(|home| path.strip_prefix(home).ok());
        if let Some(folder) = below_home.and_then(|path| {
            STEERING_HOME_FOLDERS
                .iter()
                .find(|folder| path.starts_with(folder))
        }) {
            return steering(folder.rsplit('/').next().unwrap_or(folder));
        }
        if deciding.iter().any(|file| path == file) {
            return steering(path.file_name()?.to_str()?);
        }
        self.credentials(path)
    }

    /// Tells whether something hidden is below the path.
    pub(crate) fn holds_hidden(&self, path: &Path) -> bool {
        self.hidden.iter().any(|hidden| hidden.starts_with(path))
    }

    fn credentials(&self, path: &Path) -> Option<Sensitive> {
        let hidden = self.hidden.iter().find(|hidden| path.starts_with(hidden))?;
        Some(Sensitive {
            why: Sensitivity::Credentials,
            name: hidden.file_name()?.to_string_lossy().into_owned(),
        })
    }
}

/// Tells whether the path is a folder in which files steer programs. Naming the folder as such, as one
/// does to leave it out, is no reason to ask.
pub(crate) fn is_steering_folder(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| STEERING_FOLDERS.contains(&name))
}

/// Tells whether files of this name hold the settings of a deployment, with its secrets.
pub(crate) fn is_environment_file(name: &str) -> bool {
    match name.strip_prefix(".env") {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix('.')
            .is_some_and(|kind| !EXAMPLES.contains(&kind.rsplit('.').next().unwrap_or(kind))),
        None => false,
    }
}

/// Returns where an absolute path leads: links are followed as far as there is something.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    if let Ok(resolved) = path.canonicalize() {
        return resolved;
    }
    let mut ahead: Vec<_> = path
        .components()
        .rev()
        .map(|part| part.as_os_str().to_owned())
        .collect();
    let mut walked = PathBuf::new();
    let mut links = 0;
    while let Some(name) = ahead.pop() {
        if name == ".." {
            walked.pop();
            continue;
        }
        walked.push(&name);
        let Ok(target) = walked.read_link() else {
            continue;
        };
        links += 1;
        if links > MAX_LINKS {
            break;
        }
        walked.pop();
        ahead.extend(
            target
                .components()
                .rev()
                .map(|part| part.as_os_str().to_owned()),
        );
    }
    walked
}

/// Takes `.` and `..` out of an absolute path, without looking at the file system.
pub(crate) fn normalized(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            home: Some("/home/ada".into()),
            hidden: vec!["/home/ada/.ssh".into()],
        }
    }

    #[test]
    fn secrets_are_sensitive_to_read() {
        let why = |path: &str| {
            places()
                .sensitive_to_read(Path::new(path))
                .map(|found| found.why)
        };
        assert_eq!(
            why("/home/ada/.ssh/id_ed25519"),
            Some(Sensitivity::Credentials)
        );
        assert_eq!(why("/home/ada/.ssh"), Some(Sensitivity::Credentials));
        assert_eq!(why("/w/.env"), Some(Sensitivity::Secrets));
        assert_eq!(why("/w/.env.production"), Some(Sensitivity::Secrets));
        for path in [
            "/w/.env.example",
            "/w/.env.local.example",
            "/w/env",
            "/w/.environment",
            "/home/ada/x",
        ] {
            assert_eq!(why(path), None, "{path}");
        }
    }

    #[test]
    fn what_steers_programs_is_sensitive_to_write() {
        let deciding = [PathBuf::from("/etc/loom/permissions.toml")];
        let name = |path: &str| {
            places()
                .sensitive_to_write(Path::new(path), &deciding)
                .map(|found| found.name)
        };
        assert_eq!(name("/w/.git/hooks/pre-commit").as_deref(), Some(".git"));
        assert_eq!(
            name("/w/sub/.loom/permissions.toml").as_deref(),
            Some(".loom")
        );
        assert_eq!(name("/home/ada/.bashrc").as_deref(), Some(".bashrc"));
        assert_eq!(
            name("/home/ada/.config/fish/config.fish").as_deref(),
            Some("fish")
        );
        assert_eq!(
            name("/etc/loom/permissions.toml").as_deref(),
            Some("permissions.toml")
        );
        assert_eq!(name("/home/ada/.ssh/config").as_deref(), Some(".ssh"));
        assert_eq!(name("/w/src/main.rs"), None);
        assert_eq!(name("/w/.gitignore"), None);
    }

    #[test]
    fn links_are_followed_as_far_as_there_is_something() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("real")).unwrap();
        std::os::unix::fs::symlink(root.join("real"), root.join("link")).unwrap();
        std::os::unix::fs::symlink("real/missing", root.join("dangling")).unwrap();
        assert_eq!(
            resolved(&root.join("link/new/file")),
            root.join("real/new/file")
        );
        assert_eq!(resolved(&root.join("dangling")), root.join("real/missing"));
        std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
        resolved(&root.join("loop"));
    }
}
