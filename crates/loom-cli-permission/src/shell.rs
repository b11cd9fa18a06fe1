//! What a shell line would do, command by command, as far as it can be told without running it.
//!
//! The grammar of tree-sitter-bash proposes a structure, and [`reader`] does not believe it: the grammar was
//! made for colouring text, and takes some lines for harmless that bash runs (`[ a && rm -rf / ]`,
//! `echo \ #; rm -rf /`). So every byte between two tokens must be white space that bash takes as such,
//! every word is unquoted anew by the rules of bash ([`word`]), comments and here-documents must begin
//! and end where bash says, and only node kinds that are known are walked. Where grammar and check
//! disagree, and where the line itself leaves open what runs, the [`Script`] holds an [`Unclear`]: rules
//! that allow do not count for such a line.
//!
//! Commands that run others are taken apart by [`wrapper`]: `timeout 5 cargo test` is a `cargo test`, and
//! `bash -c '…'` is what stands in its quotes; [`builtin`] knows what the shell evaluates. What sees the words only, without the rest of the
//! line, is [`read_only`] (is this command known to change nothing?) and [`variables`] (can setting this
//! variable change what other commands do?).

mod builtin;
#[cfg(test)]
mod differential;
mod expansion;
mod heredoc;
pub(crate) mod read_only;
mod reader;
mod variables;
mod word;
mod wrapper;

pub(crate) use reader::read;
pub(crate) use word::{Open, Word};

/// The longest line that is looked at, in bytes. Longer ones are left unclear: the parser may look at all
/// that it has read for each token of a line that follows no grammar.
const MAX_LINE: usize = 16 * 1024;

/// How deeply commands may be nested, by syntax or by `bash -c` in `bash -c`.
const MAX_DEPTH: usize = 40;

/// The most commands that are judged in one line.
const MAX_SEGMENTS: usize = 500;

/// What a line would do. The order is that of the text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// The commands, each taken out of what it stands in.
    pub(crate) segments: Vec<Segment>,
    /// The files that are opened by `<`, `>` and the like.
    pub(crate) redirections: Vec<Redirection>,
    /// The variables that are set for the shell itself, or for all that it starts from then on.
    pub(crate) assignments: Vec<Assignment>,
    /// What could not be understood. Empty in most lines.
    pub(crate) unclear: Vec<Unclear>,
}

/// One command with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The command as it is shown to people.
    pub(crate) text: String,
    /// The words, of what wraps the command also.
    pub(crate) words: Vec<Word>,
    /// Where in `words` a command begins: 0 first, then one for each wrapper before it.
    pub(crate) starts: Vec<usize>,
    /// Where the command begins that a rule must name to allow this: one of `starts`, the last unless
    /// a wrapper on the way lends more power, as `sudo` does.
    pub(crate) allowed_from: usize,
    /// Whether all that it runs stands in the script as segments of its own, as of `bash -c '…'`.
    pub(crate) is_carrier: bool,
    /// The variables that are set for this command.
    pub(crate) assignments: Vec<Assignment>,
}

impl Segment {
    fn new(text: String, words: Vec<Word>, assignments: Vec<Assignment>) -> Self {
        Self {
            text,
            words,
            starts: vec![0],
            allowed_from: 0,
            is_carrier: false,
            assignments,
        }
    }

    /// Tells whether it is a whole `[[ … ]]`.
    fn is_test(&self) -> bool {
        let first_and_last = (self.words.first(), self.words.last());
        matches!(first_and_last, (Some(first), Some(last)) if first.is("[[") && last.is("]]"))
    }

    /// Returns the words of the command that a rule must allow.
    pub(crate) fn command(&self) -> &[Word] {
        self.words.get(self.allowed_from..).unwrap_or_default()
    }
}

/// A variable that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// Its name.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: Word,
    /// Who gets it.
    pub(crate) reach: Reach,
}

/// Who gets a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The command that it stands before.
    Command,
    /// The shell; programs that it starts only if they got a variable of this name anyway.
    Shell,
    /// The shell and all that it starts.
    Exported,
}

impl Assignment {
    /// Tells whether the variable cannot change what commands do, beyond how they print.
    pub(crate) fn is_harmless(&self) -> bool {
        match self.reach {
            Reach::Command | Reach::Exported => variables::is_harmless(&self.name, &self.value),
            Reach::Shell => {
                variables::is_harmless(&self.name, &self.value)
                    || !variables::is_influential(&self.name)
            }
        }
    }
}

/// A file that is opened for a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redirection {
    /// The redirection as it is shown to people.
    pub(crate) text: String,
    /// The file.
    pub(crate) target: Word,
    /// Whether it is written; it is read otherwise.
    pub(crate) writes: bool,
}

/// A part of a line that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unclear {
    /// The part, shortened.
    pub(crate) text: String,
    /// Why, to stand after "cannot tell what it runs: ".
    pub(crate) why: &'static str,
}

impl Script {
    fn unclear(&mut self, text: &str, why: &'static str) {
        // One is enough to decide; a few are enough to explain.
        if self.unclear.len() < 4 {
            self.unclear.push(Unclear {
                text: shortened(text),
                why,
            });
        }
    }
}

/// Returns the text on one line, cut when it is long.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 100;
    let mut shown = String::with_capacity(text.len().min(LONGEST + 4));
    for (count, character) in text.trim().chars().enumerate() {
        if count == LONGEST {
            shown.push('…');
            break;
        }
        shown.push(match character {
            '\n' => '⏎',
            other if other.is_control() => '\u{fffd}',
            other => other,
        });
    }
    shown
}
