//! Writes the drafts of a call: all of them, or none.
//!
//! All new content is written beside the files first, which is where disks fill up and permissions
//! lack. Then the files take their places one by one; each but the last leaves the old file under
//! another name in the same folder until all have worked, so that a failure on the way can be
//! undone by renaming. A process that is killed in between leaves each file whole, but perhaps only
//! some of them new, and the old ones under names that start with `.loom-`.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write as _};

use super::draft::Draft;
use super::staged::{Done, Removal, Staged, StepError};
use crate::error::{ToolError, describe};
use crate::workspace::{MadeFolder, Workspace, WorkspacePath};

/// What is to be done to one file.
enum Step {
    Write(Staged),
    Remove(Removal),
}

/// Writes drafts that have changed.
///
/// # Errors
///
/// [`ToolError::NotWritten`] and [`ToolError::ChangedOnDisk`] when nothing was changed;
/// [`ToolError::NotUndone`] when some files could not be given their old content back.
pub(super) fn commit(workspace: &Workspace, drafts: &[&Draft]) -> Result<(), ToolError> {
    let mut made = Vec::new();
    let written = write(workspace, drafts, &mut made);
    if written.is_err() {
        made.into_iter().rev().for_each(MadeFolder::remove);
    }
    written
}

fn write(
    workspace: &Workspace,
    drafts: &[&Draft],
    made: &mut Vec<MadeFolder>,
) -> Result<(), ToolError> {
    let mut steps = Vec::with_capacity(drafts.len());
    for draft in drafts {
        steps.push((&draft.path, prepare(workspace, draft, made)?));
    }
    let last = steps.len().saturating_sub(1);
    let mut done: Vec<(&WorkspacePath, Done)> = Vec::new();
    for (index, (path, step)) in steps.into_iter().enumerate() {
        let result = match step {
            // There is nothing after it for which it would have to be undone.
            Step::Write(staged) if index == last => staged.take_place().map(|()| None),
            Step::Remove(removal) if index == last => removal.remove().map(|()| None),
            Step::Write(staged) => staged.swap().map(Some),
            Step::Remove(removal) => removal.set_aside().map(Some),
        };
        match result {
            Ok(step) => done.extend(step.map(|step| (path, step))),
            Err(error) => {
                let left: Vec<String> = done
                    .into_iter()
                    .rev()
                    .filter_map(|(path, step)| step.undo().err().map(|_| path.shown()))
                    .collect();
                return Err(failure(path, error, left));
            }
        }
    }
    for (_, step) in done {
        step.finish();
    }
    Ok(())
}

/// Does all that can be done without touching the file itself.
fn prepare(
    workspace: &Workspace,
    draft: &Draft,
    made: &mut Vec<MadeFolder>,
) -> Result<Step, ToolError> {
    let path = &draft.path;
    let name = name(path)?;
    let Some(content) = &draft.content else {
        let folder = open_parent(workspace, path)?;
        return Ok(Step::Remove(Removal::new(folder, name, draft.target())));
    };
    let folder = if draft.original().is_some() {
        open_parent(workspace, path)?
    } else {
        let (folder, new) = workspace.create_parent(path).map_err(|error| {
            not_written(
                path,
                &format!("its folder cannot be made: {}", describe(&error)),
            )
        })?;
        made.extend(new);
        folder
    };
    Staged::new(folder, name, draft.target(), |file| {
        file.write_all(content.as_bytes())
    })
    .map(Step::Write)
    .map_err(|error| failure(path, error, Vec::new()))
}

fn open_parent(workspace: &Workspace, path: &WorkspacePath) -> Result<File, ToolError> {
    workspace
        .open_parent(path)
        .map_err(|error| not_written(path, &describe(&error)))
}

fn name(path: &WorkspacePath) -> Result<&OsStr, ToolError> {
    path.relative
        .file_name()
        .ok_or_else(|| not_written(path, "it is a folder"))
}

/// Makes the error for a file that could not be written, when the files in `left` could not be
/// given their old content back.
fn failure(path: &WorkspacePath, error: StepError, left: Vec<String>) -> ToolError {
    let reason = match &error {
        StepError::Create(error) => {
            format!("no file can be made in its folder: {}", describe(error))
        }
        StepError::Write(error) => describe(error),
        StepError::Rename(error) => describe_rename(error),
        StepError::Changed => "it has changed on disk meanwhile".to_owned(),
    };
    if !left.is_empty() {
        return ToolError::NotUndone {
            path: path.shown(),
            reason,
            left: left.join(", "),
        };
    }
    match error {
        StepError::Changed => ToolError::ChangedOnDisk { path: path.shown() },
        _ => not_written(path, &reason),
    }
}

/// Returns why the new file could not take the place of the old one.
fn describe_rename(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ResourceBusy => "the file is a mount point, as in some containers, and \
             cannot be replaced (edit it with a command that writes into it, such as `cp COPY FILE`)"
            .to_owned(),
        _ => describe(error),
    }
}

pub(super) fn not_written(path: &WorkspacePath, reason: &str) -> ToolError {
    ToolError::NotWritten {
        path: path.shown(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use loom_common_core::{Confinement, ProgressSink, ReadFilter, ToolContext};
    use rustix::io::Errno;

    use super::super::Drafts;
    use super::*;
    use crate::blocking::Cancellation;
    use crate::outputs::OutputStore;
    use crate::seen::SeenFiles;

    #[test]
    fn a_mount_point_that_cannot_be_replaced_is_named_as_the_cause() {
        let told = describe_rename(&Errno::BUSY.into());
        assert!(told.contains("is a mount point"), "{told}");
        assert_eq!(describe_rename(&Errno::ACCESS.into()), "permission denied");
    }

    /// Returns the names in a folder and what the files hold.
    fn contents(folder: &Path) -> Vec<(String, String)> {
        let mut contents: Vec<(String, String)> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                (name, fs::read_to_string(entry.path()).unwrap_or_default())
            })
            .collect();
        contents.sort();
        contents
    }

    /// Changes, removes and makes files, and lets `meddle` do something before they are written.
    fn commit_after(meddle: impl FnOnce(&Path)) -> (Result<(), ToolError>, Vec<(String, String)>) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["changed", "removed", "last"] {
            fs::write(root.join(name), name).unwrap();
        }
        let context = ToolContext {
            workspace: root.clone(),
            progress: ProgressSink::discard(),
            confinement: Confinement::default(),
            permitted: None,
            readable: ReadFilter::everything(),
        };
        let workspace = Workspace::of(&context, &OutputStore::default());
        let seen = SeenFiles::default();
        let mut drafts = Drafts::new(&workspace, &seen);
        drafts.open("changed").unwrap().content = Some(Arc::new("new".to_owned()));
        drafts.open("removed").unwrap().content = None;
        drafts.open("made/deep/file").unwrap().content = Some(Arc::new("new".to_owned()));
        drafts.open("last").unwrap().content = Some(Arc::new("new".to_owned()));
        meddle(&root);
        let result = drafts.commit(&Cancellation::default()).map(|_| ());
        (result, contents(&root))
    }

    fn named(names: &[(&str, &str)]) -> Vec<(String, String)> {
        names
            .iter()
            .map(|(name, content)| ((*name).to_owned(), (*content).to_owned()))
            .collect()
    }

    #[test]
    fn all_drafts_are_written() {
        let (result, files) = commit_after(|_| {});
        result.unwrap();
        assert_eq!(
            files,
            named(&[("changed", "new"), ("last", "new"), ("made", "")])
        );
    }

    #[test]
    fn when_one_file_cannot_be_written_the_others_are_as_they_were() {
        let (result, files) =
            commit_after(|root| fs::write(root.join("last"), "by somebody else").unwrap());
        assert!(
            matches!(&result, Err(ToolError::ChangedOnDisk { path }) if path == "last"),
            "{result:?}"
        );
        assert_eq!(
            files,
            named(&[
                ("changed", "changed"),
                ("last", "by somebody else"),
                ("removed", "removed")
            ])
        );
    }

    #[test]
    fn folders_that_were_made_and_used_by_somebody_else_stay() {
        let (result, files) = commit_after(|root| {
            fs::write(root.join("last"), "by somebody else").unwrap();
            fs::create_dir(root.join("made")).unwrap();
        });
        result.unwrap_err();
        assert!(files.contains(&("made".to_owned(), String::new())));
    }
}
