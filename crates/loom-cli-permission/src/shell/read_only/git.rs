//! The commands of git that change nothing.
//!
//! Git shortens its long options like GNU programs do. Before the name of the command only options
//! are taken that set nothing: `-c` can set the name of a program that git then runs.

use super::super::word::Word;
use super::{Reads, lacks_options};

/// Commands that only look, with all their options but those of [`WRITING`].
const LOOKING: &[&str] = &[
    "annotate",
    "blame",
    "cat-file",
    "check-attr",
    "check-ignore",
    "count-objects",
    "describe",
    "diff",
    "diff-files",
    "diff-index",
    "diff-tree",
    "for-each-ref",
    "grep",
    "log",
    "ls-files",
    "ls-tree",
    "merge-base",
    "name-rev",
    "rev-list",
    "rev-parse",
    "shortlog",
    "show",
    "show-branch",
    "show-ref",
    "status",
    "version",
    "whatchanged",
];

/// Options of commands that look, with which they write or run a program.
const WRITING: &[&str] = &[
    "--output",
    "--ext-diff",
    "--textconv",
    "--filters",
    "--open-files-in-pager",
    "--parseopt",
];

/// Tells what a command of git hands out that changes nothing.
pub(super) fn reads(arguments: &[Word]) -> Option<Reads> {
    let mut arguments = arguments;
    while let [first, rest @ ..] = arguments
        && matches!(
            first.known(),
            Some("--no-pager" | "-P" | "--no-optional-locks")
        )
    {
        arguments = rest;
    }
    let (command, rest) = arguments.split_first()?;
    let command = command.known()?;
    let is_harmless = match command {
        "--version" => rest.is_empty(),
        "grep" => lacks_options(rest, "O", WRITING),
        _ if LOOKING.contains(&command) => lacks_options(rest, "", WRITING),
        "branch" => is_list(
            rest,
            &[
                "-a",
                "-r",
                "-v",
                "-vv",
                "-l",
                "--all",
                "--remotes",
                "--list",
                "--show-current",
                "--verbose",
            ],
        ),
        "tag" => is_list(rest, &["-l", "--list", "-n"]),
        "remote" => matches!(
            known(rest)?.as_slice(),
            [] | ["-v" | "--verbose"] | ["get-url", _]
        ),
        "stash" => matches!(
            known(rest)?.as_slice(),
            ["list"] | ["show"] | ["show", "-p" | "--stat"]
        ),
        "worktree" => known(rest)?.as_slice() == ["list"],
        "reflog" => matches!(known(rest)?.as_slice(), [] | ["show"] | ["show", "HEAD"]),
        "config" => matches!(
            known(rest)?.as_slice(),
            ["--list" | "-l" | "list"] | ["--get" | "--get-all" | "get", _]
        ),
        _ => false,
    };
    is_harmless.then_some(match command {
        // `--no-index` takes files from anywhere.
        "grep" | "diff" => Reads::Trees,
        _ => Reads::Files,
    })
}

/// Tells whether the arguments are those options only, or a pattern behind `--list`.
fn is_list(arguments: &[Word], options: &[&str]) -> bool {
    let lists = arguments
        .iter()
        .any(|word| word.is("-l") || word.is("--list"));
    arguments.iter().all(|word| match word.known() {
        Some(option) if option.starts_with('-') => options.contains(&option),
        Some(_) => lists,
        None => false,
    })
}

fn known(words: &[Word]) -> Option<Vec<&str>> {
    words.iter().map(Word::known).collect()
}
