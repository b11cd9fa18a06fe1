//! Commands that are known to change nothing.
//!
//! A command is here only if nothing in its arguments can make it write, run another program or reach
//! the network; where some options can, they are refused in every spelling that option parsers take
//! (`--output`, `--outp`, `-ro`), and so is an argument that may turn out to be one of them (`$x`, `*`).
//! What such commands read is a question of its own: [`Reads`] says which of them hand out the content of
//! files, so that secrets are asked for.

mod git;
mod script;

use super::word::{Open, Word};

/// What a command that changes nothing hands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Nothing of the content of files.
    Nothing,
    /// The content of the files that its arguments name.
    Files,
    /// The same, and of all files in folders that they name.
    Trees,
}

/// Commands without an option that changes something, and without one that reads files.
const PLAIN: &[&str] = &[
    "[[", ":", "arch", "basename", "break", "cal", "continue", "df", "dirname", "du", "echo",
    "exec", "exit", "expr", "false", "getconf", "groups", "id", "locale", "ls", "lscpu", "nproc",
    "popd", "printenv", "ps", "pwd", "readlink", "realpath", "return", "seq", "shift", "sleep",
    "stat", "time", "tr", "true", "tty", "type", "uname", "uptime", "which", "whoami",
];

/// Commands that hand out the files they are given, without an option that changes something.
const READERS: &[&str] = &[
    "b2sum",
    "base32",
    "base64",
    "cat",
    "cksum",
    "cmp",
    "column",
    "comm",
    "cut",
    "egrep",
    "expand",
    "fgrep",
    "fmt",
    "fold",
    "grep",
    "head",
    "hexdump",
    "join",
    "jq",
    "md5sum",
    "nl",
    "od",
    "paste",
    "rev",
    "sha1sum",
    "sha224sum",
    "sha256sum",
    "sha384sum",
    "sha512sum",
    "strings",
    "sum",
    "tac",
    "tail",
    "unexpand",
    "wc",
];

/// Programs that tell their version, and do nothing else then. Not those that let the files of a project
/// choose their own version, for such a file may name a program: rustup does, yarn and go do.
const VERSIONED: &[&str] = &[
    "bash", "clang", "cmake", "docker", "g++", "gcc", "java", "javac", "jj", "kubectl", "make",
    "node", "perl", "php", "python", "python3", "rg", "ruby", "sh",
];

/// Tells what a command hands out that is known to change nothing; `None` for all other commands.
pub(crate) fn reads(words: &[Word]) -> Option<Reads> {
    let name = words.first()?.system_program()?;
    let arguments = words.get(1..).unwrap_or_default();
    if VERSIONED.contains(&name) && matches!(arguments, [only] if only.is("--version")) {
        return Some(Reads::Nothing);
    }
    if PLAIN.contains(&name) {
        return Some(Reads::Nothing);
    }
    if READERS.contains(&name) {
        let recurses = matches!(name, "grep" | "egrep" | "fgrep");
        return Some(if recurses { Reads::Trees } else { Reads::Files });
    }
    let (is_harmless, reads) = match name {
        "command" => (
            arguments
                .first()
                .is_some_and(|word| word.is("-v") || word.is("-V")),
            Reads::Nothing,
        ),
        "date" => (is_date_shown(arguments), Reads::Nothing),
        "diff" => (
            lacks_options(arguments, "", &["--to-file", "--from-file"]),
            Reads::Trees,
        ),
        "env" => (arguments.is_empty(), Reads::Nothing),
        "[" | "test" => (is_test_harmless(arguments), Reads::Nothing),
        "wait" => (arguments.is_empty(), Reads::Nothing),
        "export" | "local" | "declare" | "typeset" | "readonly" | "unset" => {
            (sets_nothing_influential(arguments), Reads::Nothing)
        }
        "fd" | "fdfind" => (
            lacks_options(
                arguments,
                "xXl",
                &["--exec", "--exec-batch", "--list-details"],
            ),
            Reads::Nothing,
        ),
        "file" => (
            lacks_options(
                arguments,
                "CzZf",
                &["--compile", "--uncompress", "--files-from"],
            ),
            Reads::Nothing,
        ),
        "find" => (is_find_harmless(arguments), Reads::Nothing),
        "git" => return git::reads(arguments),
        "hostname" => (arguments.is_empty(), Reads::Nothing),
        "printf" => (
            lacks_options(arguments.get(..1).unwrap_or_default(), "v", &[]),
            Reads::Nothing,
        ),
        "read" => (is_read_harmless(arguments), Reads::Nothing),
        "rg" => (
            lacks_options(arguments, "z", &["--pre", "--hostname-bin", "--search-zip"]),
            Reads::Trees,
        ),
        "sed" => (script::is_sed_harmless(arguments), Reads::Files),
        "awk" | "gawk" | "mawk" => (script::is_awk_harmless(arguments), Reads::Files),
        "set" => (is_set_harmless(arguments), Reads::Nothing),
        "sort" => (
            lacks_options(
                arguments,
                "oT",
                &[
                    "--output",
                    "--compress-program",
                    "--files0-from",
                    "--temporary-directory",
                ],
            ),
            Reads::Files,
        ),
        "tree" => (
            lacks_options(arguments, "oR", &["--output"]),
            Reads::Nothing,
        ),
        "uniq" => (
            arguments.iter().all(|word| word.open <= Open::Tail) && operands(arguments) <= 1,
            Reads::Files,
        ),
        _ => return None,
    };
    is_harmless.then_some(reads)
}

/// Tells whether none of the options is among the arguments, nor can turn out to be.
///
/// Short options are refused anywhere in a cluster, long ones also where they are shortened.
fn lacks_options(arguments: &[Word], short: &str, long: &[&str]) -> bool {
    for word in arguments.iter().take_while(|word| !word.is("--")) {
        if !word.may_be_option() {
            continue;
        }
        let Some(option) = word.known() else {
            return false;
        };
        let is_refused = match option.strip_prefix("--") {
            Some(_) => {
                let name = option.split('=').next().unwrap_or(option);
                name.len() > 2 && long.iter().any(|refused| refused.starts_with(name))
            }
            None => option.chars().any(|letter| short.contains(letter)),
        };
        if is_refused {
            return false;
        }
    }
    true
}

/// Counts the arguments that are not options.
fn operands(arguments: &[Word]) -> usize {
    arguments
        .iter()
        .filter(|word| word.text.is_empty() || !word.text.starts_with('-'))
        .count()
}

/// `date` sets the clock with `-s` or with an argument that does not begin with `+`.
fn is_date_shown(arguments: &[Word]) -> bool {
    let mut arguments = arguments.iter();
    while let Some(word) = arguments.next() {
        match word.known() {
            Some("-u" | "-R" | "-I" | "--utc" | "--iso-8601") => {}
            Some("-d" | "-r" | "--date" | "--reference") => {
                if arguments.next().is_none_or(|value| value.open > Open::Tail) {
                    return false;
                }
            }
            Some(text)
                if text.starts_with('+')
                    || text.starts_with("--date=")
                    || text.starts_with("-I") => {}
            _ => return false,
        }
    }
    true
}

/// `find` acts by words that begin with a dash, wherever they stand. What `-exec` runs is judged apart.
fn is_find_harmless(arguments: &[Word]) -> bool {
    arguments.iter().all(|word| match word.known() {
        Some(text) => !matches!(
            text,
            "-delete" | "-fls" | "-fprint" | "-fprint0" | "-fprintf" | "-files0-from"
        ),
        None => !word.may_be_option(),
    })
}

/// A test of words that are not quoted may turn out to be another test.
fn is_test_harmless(arguments: &[Word]) -> bool {
    arguments.iter().all(|word| word.open <= Open::Tail)
        && !arguments.windows(2).any(|pair| {
            let may_be_operator = pair[0].open == Open::Tail && pair[0].may_be_option();
            let is_operator = |text: &str| text.starts_with(['-', '=', '!', ']', ')', '<', '>']);
            may_be_operator && !is_operator(&pair[1].text)
        })
}

/// Tells whether none of the variables that are set changes what commands do. The words are checked
/// to be names, with values or without, before.
fn sets_nothing_influential(arguments: &[Word]) -> bool {
    arguments.iter().all(|word| {
        let name = word.text.split(['=', '+']).next().unwrap_or_default();
        !super::variables::is_influential(name)
            || super::variables::is_harmless(name, &Word::unknown())
    })
}

/// `read` sets variables.
fn is_read_harmless(arguments: &[Word]) -> bool {
    arguments.iter().all(|word| {
        word.known()
            .is_some_and(|text| !super::variables::is_influential(text.trim_start_matches('-')))
    })
}

/// `set` changes how the shell goes on; only what makes it stricter or more talkative is known here.
fn is_set_harmless(arguments: &[Word]) -> bool {
    const NAMES: [&str; 6] = [
        "errexit", "errtrace", "nounset", "pipefail", "xtrace", "verbose",
    ];
    !arguments.is_empty()
        && arguments.iter().all(|word| {
            word.known().is_some_and(|text| {
                NAMES.contains(&text)
                    || text.strip_prefix(['-', '+']).is_some_and(|flags| {
                        !flags.is_empty() && flags.bytes().all(|flag| b"eEuxvof".contains(&flag))
                    })
            })
        })
}

#[cfg(test)]
mod tests;
