//! `loom` with configuration, threads and a server of its own, apart from the developer's.
//!
//! The XDG base directories of the command, and of the server that it starts, lie in one folder. A script
//! in that folder runs `loom` so; what the task sees, a developer can look at later through it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::cleanup::Cleanup;

const FOLDERS: [(&str, &str); 5] = [
    ("XDG_CONFIG_HOME", "config"),
    ("XDG_DATA_HOME", "data"),
    ("XDG_STATE_HOME", "state"),
    ("XDG_CACHE_HOME", "cache"),
    ("XDG_RUNTIME_DIR", "run"),
];

/// The script, and the means to stop the server that `loom` may have started.
pub(crate) struct IsolatedLoom {
    script: PathBuf,
    _stop_server: Cleanup,
}

impl IsolatedLoom {
    /// Prepares the folder `root`, which exists, for the build `program` of `loom`.
    pub(crate) fn create(root: &Path, program: &Path) -> anyhow::Result<Self> {
        let mut text = "#!/bin/sh\n# Runs loom with the files in this folder.\n".to_owned();
        for (variable, folder) in FOLDERS {
            let folder = root.join(folder);
            fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
            text.push_str(&format!("export {variable}={}\n", quoted(&folder)));
        }
        text.push_str(&format!("exec {} \"$@\"\n", quoted(program)));
        let script = root.join("loom");
        fs::write(&script, text).with_context(|| format!("cannot write {}", script.display()))?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        let stop_server = Cleanup::arm(r#""$1" server stop"#, [&script])?;
        Ok(Self {
            script,
            _stop_server: stop_server,
        })
    }

    /// Returns the path of the script.
    pub(crate) fn script(&self) -> &Path {
        &self.script
    }

    /// Returns the command, without the developer's settings and keys in its environment.
    pub(crate) fn command(&self) -> Command {
        let mut loom = Command::new(&self.script);
        for (name, _) in std::env::vars_os() {
            let is_setting = name
                .to_str()
                .is_some_and(|name| name.starts_with("LOOM_") || name.ends_with("_API_KEY"));
            if is_setting {
                loom.env_remove(name);
            }
        }
        loom
    }
}

/// Returns the path as one word of a shell script.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;

    #[test]
    fn script_hands_on_words_and_sets_the_folders() {
        let folder = tempfile::Builder::new()
            .prefix("it's a $folder")
            .tempdir()
            .unwrap();
        let program = folder.path().join("a program");
        fs::write(
            &program,
            "#!/bin/sh\nprintf '%s|' \"$XDG_STATE_HOME\" \"$@\"\n",
        )
        .unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let loom = IsolatedLoom::create(folder.path(), &program).unwrap();
        let printed = process::output(loom.command().args(["-p", "two words"])).unwrap();
        assert_eq!(
            printed,
            format!("{}|-p|two words|", folder.path().join("state").display())
        );
    }
}
