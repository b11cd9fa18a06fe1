//! Which files of the project a server is made of, as far as its definition names them.
//!
//! The program, each argument, and each variable may be the path of a file, or hold one; paths are
//! relative to the folder that the server runs in. A program without a path is looked for in the
//! `PATH`, which may lead into the project. What such a file loads in turn is not looked at.

use std::io;
use std::path::Path;

use loom_cli_hooks::{Pin, shell_words};
use loom_common_config::Environment;

use super::{TransportDefinition, expand};

/// The variable that programs are looked for in.
const PATH: &str = "PATH";

/// Pins the files that a definition in `file` names, as they are now: those in the folder of `file`
/// and below, which `workspace` lies in.
///
/// # Errors
///
/// When a file cannot be read or is too large; the error names it.
pub(super) fn pins(
    transport: &TransportDefinition,
    file: &Path,
    workspace: &Path,
    environment: &Environment,
) -> io::Result<Vec<Pin>> {
    let TransportDefinition::Stdio {
        command,
        args,
        env,
        cwd,
    } = transport
    else {
        return Ok(Vec::new());
    };
    // Where a variable is missing the server does not start.
    let expand = |text: &str| expand(text, environment).unwrap_or_else(|_| text.to_owned());
    let folder = match cwd {
        Some(cwd) => workspace.join(expand(cwd)),
        None => workspace.to_owned(),
    };
    let command = expand(command);
    let mut words = Vec::new();
    if command.contains('/') {
        words.push(command);
    } else {
        let inherited = environment.text(PATH).ok().flatten().unwrap_or_default();
        let folders = match env.get(PATH) {
            Some(own) => expand(own),
            None => inherited.to_owned(),
        };
        words.extend(
            folders
                .split(':')
                .map(|folder| format!("{folder}/{command}")),
        );
    }
    for text in args.iter().chain(env.values()) {
        let text = expand(text);
        words.extend(shell_words(&text).map(|word| word.replace(['"', '\''], "")));
        words.extend(text.split(':').map(str::to_owned));
        words.push(text);
    }
    Pin::all(words, &folder, file.parent().unwrap_or(workspace))
}
