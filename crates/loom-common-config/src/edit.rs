//! Changes a configuration file on behalf of the person: their comments and their order stay.
//!
//! The folder is locked, the file is read as it is now and replaced as a whole, so two programs that
//! add something at the same moment both find it there afterwards, and a reader sees one of the
//! states. A file that is a link stays one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use loom_common_file::Access;
use toml_edit::{Array, DocumentMut, TableLike, Value, table, value};

use crate::Error;

/// Adds texts to the list `key` of the table `table` in a file, as far as they are not in it.
/// A file, table or list that does not exist is made.
///
/// # Errors
///
/// [`Error::NotEdited`]; the file is as it was.
pub fn add_to_list(path: &Path, table: &str, key: &str, texts: &[String]) -> Result<(), Error> {
    try_add(path, table, key, texts).map_err(|source| Error::NotEdited {
        path: path.to_owned(),
        source,
    })
}

fn try_add(path: &Path, table_name: &str, key: &str, texts: &[String]) -> io::Result<()> {
    let target = match path.canonicalize() {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error),
    };
    let folder = target.parent().map_or_else(PathBuf::new, Path::to_owned);
    fs::create_dir_all(&folder)?;
    // Released when it is closed.
    let lock = File::open(&folder)?;
    lock.lock()?;
    let text = match fs::read_to_string(&target) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let mut document: DocumentMut = text.parse().map_err(invalid)?;
    let item = document.entry(table_name).or_insert_with(table);
    let entries = item.as_table_like_mut();
    let entries = entries.ok_or_else(|| invalid(format!("{table_name} is no table")))?;
    add(entries, key, texts).map_err(|problem| invalid(format!("{table_name}.{problem}")))?;
    let changed = document.to_string();
    if changed == text {
        return Ok(());
    }
    loom_common_file::replace(&target, changed, Access::KeptOrPrivate)
}

fn add(table: &mut dyn TableLike, key: &str, texts: &[String]) -> Result<(), String> {
    let list = table
        .entry(key)
        .or_insert_with(|| value(Array::new()))
        .as_value_mut()
        .and_then(Value::as_array_mut)
        .ok_or_else(|| format!("{key} is no list"))?;
    for text in texts {
        if list.iter().any(|known| known.as_str() == Some(text)) {
            continue;
        }
        let mut new = Value::from(text.as_str());
        // A list with an entry on each line goes on so.
        let prefix = list.iter().last().and_then(|last| last.decor().prefix());
        match prefix.and_then(|prefix| prefix.as_str()) {
            Some(prefix) if prefix.contains('\n') => {
                let indentation = prefix.rsplit('\n').next().unwrap_or_default();
                let prefix = format!("\n{indentation}");
                new.decor_mut().set_prefix(prefix);
                list.push_formatted(new);
            }
            _ => list.push(text.as_str()),
        }
    }
    Ok(())
}

fn invalid(problem: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what becomes of a file when hosts are added to it.
    fn added(before: Option<&str>, hosts: &[&str]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/config.toml");
        if let Some(before) = before {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, before).unwrap();
        }
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let outcome = add_to_list(&path, "sandbox", "allow_hosts", &hosts);
        let after = fs::read_to_string(&path).unwrap();
        match outcome {
            Ok(()) => Ok(after),
            Err(error) => {
                assert_eq!(Some(after.as_str()), before, "the file is as it was");
                Err(error.to_string())
            }
        }
    }

    #[test]
    fn what_is_missing_is_made() {
        let expected = "[sandbox]\nallow_hosts = [\"a.test\", \"b.test\"]\n";
        assert_eq!(added(None, &["a.test", "b.test"]).unwrap(), expected);
        assert_eq!(
            added(
                Some("# Mine.\n[log]\nlevel = \"info\" # loud\n"),
                &["a.test"]
            )
            .unwrap(),
            "# Mine.\n[log]\nlevel = \"info\" # loud\n\n[sandbox]\nallow_hosts = [\"a.test\"]\n"
        );
    }

    #[test]
    fn comments_and_the_look_of_the_list_stay() {
        let before = "[sandbox]\n# For builds.\nallow_hosts = [\n    \"a.test\", # the first\n]\n\
                      write = [] # none\n";
        let after = added(Some(before), &["a.test", "b.test"]).unwrap();
        let expected = "[sandbox]\n# For builds.\nallow_hosts = [\n    \"a.test\",\n    \"b.test\", \
                        # the first\n]\nwrite = [] # none\n";
        assert_eq!(after, expected);
        let inline = "sandbox = { allow_hosts = [\"a.test\"] }\n";
        assert_eq!(
            added(Some(inline), &["b.test"]).unwrap(),
            "sandbox = { allow_hosts = [\"a.test\", \"b.test\"] }\n"
        );
        assert_eq!(added(Some(inline), &["a.test"]).unwrap(), inline);
    }

    #[test]
    fn a_file_that_is_something_else_is_left_alone() {
        for (before, problem) in [
            ("[sandbox\n", "TOML parse error"),
            ("sandbox = 1\n", "sandbox is no table"),
            (
                "[sandbox]\nallow_hosts = \"a.test\"\n",
                "sandbox.allow_hosts is no list",
            ),
        ] {
            let error = added(Some(before), &["b.test"]).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        add_to_list(&link, "sandbox", "allow_hosts", &["a.test".to_owned()]).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert!(fs::read_to_string(&file).unwrap().contains("a.test"));
    }
}
