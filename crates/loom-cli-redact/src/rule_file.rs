//! Rule files: where they are found and how they are read.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use loom_redact::Rules;
use rustix::fs::{Mode, OFlags};

use crate::error::RedactError;

/// Where a repository's own rules may stand, from its top; the first that is there counts.
pub const RULE_FILES: [&str; 2] = [".loom/secrets.toml", ".gitleaks.toml"];

/// The largest file that is read whole, in bytes.
const LARGEST: u64 = 16 << 20;

/// Returns the rule file of a repository or another folder, if it has one.
pub fn find_rule_file(top: &Path) -> Option<PathBuf> {
    RULE_FILES
        .iter()
        .map(|name| top.join(name))
        .find(|path| path.is_file())
}

/// Reads a rule file and those that it extends, whose paths begin at its folder.
///
/// # Errors
///
/// [`RedactError::Rules`] names file, rule and line; [`RedactError::File`] and [`RedactError::Unusable`].
pub fn load_rules(path: &Path) -> Result<Rules, RedactError> {
    let text = read_text(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    // What is extended begins at the folder of the first file: the top of the repository.
    let top = match folder.file_name() {
        Some(name) if name == ".loom" => folder.parent().unwrap_or(folder),
        _ => folder,
    };
    let name = path.display().to_string();
    let mut read = |other: &str| read_text(&top.join(other)).map_err(|error| error.to_string());
    Ok(Rules::parse_with(&text, &name, &mut read)?)
}

/// Reads a file of text of a sensible size. What waits or never ends, such as a pipe or a device, is refused.
pub(crate) fn read_text(path: &Path) -> Result<String, RedactError> {
    let unusable = |reason: &str| RedactError::Unusable {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let file = open(path).map_err(RedactError::reading(path))?;
    let metadata = file.metadata().map_err(RedactError::reading(path))?;
    if !metadata.is_file() {
        return Err(unusable("it is not a file"));
    }
    let mut bytes = Vec::new();
    let read = (&file).take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(RedactError::reading(path))?;
    if bytes.len() as u64 > LARGEST {
        return Err(unusable("it is larger than 16 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| unusable("it is not UTF-8"))
}

/// Opens a file for reading, and does not wait if it is a pipe.
pub(crate) fn open(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}
