//! Commands that run other commands.
//!
//! A wrapper is taken away so that rules see what is run behind it: `timeout 5 nice cargo test` is a
//! `cargo test`. That is done only where every option of the wrapper is known; with another option, or one
//! that is expanded when it runs, it cannot be told where the inner command begins, and the line is unclear.
//!
//! - Transparent: `env`, `timeout`, `nice`, `ionice`, `nohup`, `setsid`, `stdbuf`, `time`, `command`,
//!   `builtin`, `exec`, `busybox`, and `xargs`, whose command gets arguments that are not known.
//! - `sudo` and `doas` lend power: rules that deny see the inner command, rules that allow must name
//!   the wrapper.
//! - `bash -c`, `sh -c`, `eval` and `trap` hold lines, which are read like the line they stand in.
//! - `find -exec` is a `find` and, besides, the command.
//!
//! All others that run commands (`ssh`, `watch`, `parallel`, `make`) are ordinary commands, and need a rule
//! that names them.

use super::builtin::evaluates;
use super::expansion::is_name;
use super::reader::read_into;
use super::word::{Open, Word};
use super::{Assignment, Reach, Script, Segment, shortened};

const OPTIONS: &str = "it cannot be told where the command behind these options begins";
const DYNAMIC_LINE: &str = "it runs a line that is only known when it runs";
const STANDARD_INPUT: &str = "the shell takes its commands from its input";
const OTHER_SHELL: &str = "this shell reads the line otherwise than bash";
const RESERVED_WORD: &str = "a reserved word stands where a command is expected";

/// Words that are no commands where a command begins. The grammar does not see them behind `!` and `time`.
const RESERVED: &[&str] = &[
    "!", "[[", "]]", "{", "}", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for",
    "function", "if", "in", "select", "then", "until", "while",
];

/// A command that runs the command in its arguments.
struct Wrapper {
    name: &'static str,
    /// Short options without a value.
    flags: &'static str,
    /// Short options with a value.
    valued: &'static str,
    /// Long options without a value.
    long_flags: &'static [&'static str],
    /// Long options with a value.
    long_valued: &'static [&'static str],
    /// How many arguments stand before the command.
    operands: usize,
    /// Whether variables may be set before the command.
    assigns: bool,
    /// Whether it lends power that the inner command would not have.
    lends_power: bool,
}

impl Wrapper {
    const fn new(name: &'static str, flags: &'static str, valued: &'static str) -> Self {
        Self {
            name,
            flags,
            valued,
            long_flags: &[],
            long_valued: &[],
            operands: 0,
            assigns: false,
            lends_power: false,
        }
    }
}

const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        long_flags: &["--ignore-environment", "--debug"],
        assigns: true,
        ..Wrapper::new("env", "iv", "")
    },
    Wrapper {
        long_flags: &["--foreground", "--preserve-status", "--verbose"],
        long_valued: &["--kill-after", "--signal"],
        operands: 1,
        ..Wrapper::new("timeout", "fpv", "ks")
    },
    Wrapper {
        long_valued: &["--adjustment"],
        ..Wrapper::new("nice", "0123456789", "n")
    },
    Wrapper {
        long_valued: &["--class", "--classdata"],
        ..Wrapper::new("ionice", "t", "cn")
    },
    Wrapper::new("nohup", "", ""),
    Wrapper {
        long_flags: &["--ctty", "--fork", "--wait"],
        ..Wrapper::new("setsid", "cfw", "")
    },
    Wrapper {
        long_valued: &["--input", "--output", "--error"],
        ..Wrapper::new("stdbuf", "", "ioe")
    },
    // A reserved word in bash, behind which a command begins like any other.
    Wrapper {
        assigns: true,
        ..Wrapper::new("time", "pv", "")
    },
    Wrapper::new("command", "p", ""),
    Wrapper::new("builtin", "", ""),
    Wrapper::new("exec", "cl", "a"),
    Wrapper::new("busybox", "", ""),
    Wrapper {
        long_flags: &["--null", "--no-run-if-empty", "--verbose", "--exit"],
        long_valued: &[
            "--arg-file",
            "--delimiter",
            "--eof",
            "--max-args",
            "--max-chars",
            "--max-lines",
            "--max-procs",
            "--replace",
        ],
        ..Wrapper::new("xargs", "0rtx", "adEILnPs")
    },
    Wrapper {
        long_flags: &[
            "--non-interactive",
            "--preserve-env",
            "--set-home",
            "--stdin",
            "--background",
        ],
        long_valued: &["--user", "--group", "--prompt"],
        assigns: true,
        lends_power: true,
        ..Wrapper::new("sudo", "nEHSbAkP", "ugpCRTDrth")
    },
    Wrapper {
        lends_power: true,
        ..Wrapper::new("doas", "nL", "uCa")
    },
];

/// Takes a command apart and adds what it runs to the script.
pub(super) fn unwrap(mut segment: Segment, script: &mut Script, depth: usize) {
    let mut start = 0;
    loop {
        let words = segment.words.get(start..).unwrap_or_default();
        let Some(name) = words.first().and_then(Word::system_program) else {
            break;
        };
        if RESERVED.contains(&name) && !segment.is_test() {
            script.unclear(&segment.text, RESERVED_WORD);
        }
        if let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name == name) {
            let is_query = name == "command"
                && words
                    .get(1)
                    .is_some_and(|word| word.is("-v") || word.is("-V"));
            match inner(wrapper, words) {
                _ if is_query => break,
                Err(why) => {
                    script.unclear(&segment.text, why);
                    break;
                }
                Ok(None) => break,
                Ok(Some(found)) => {
                    segment.assignments.extend(found.assignments);
                    if wrapper.name == "xargs" {
                        feed(&mut segment.words, start, start + found.skipped);
                    }
                    if !wrapper.lends_power && segment.allowed_from == start {
                        segment.allowed_from = start + found.skipped;
                    }
                    start += found.skipped;
                    segment.starts.push(start);
                    continue;
                }
            }
        }
        match carried(name, words) {
            Carried::Nothing => {}
            Carried::Unclear(why) => script.unclear(&segment.text, why),
            Carried::Lines(lines) => {
                segment.is_carrier = true;
                for line in lines {
                    read_into(&line, script, depth + 1);
                }
            }
            Carried::Commands(commands) => {
                for words in commands {
                    let text = words.iter().map(|word| word.text.as_str());
                    let text = shortened(&text.collect::<Vec<_>>().join(" "));
                    if words.first().and_then(Word::known).is_none() || depth > super::MAX_DEPTH {
                        script.unclear(&text, DYNAMIC_LINE);
                    }
                    let inner = Segment::new(text, words, segment.assignments.clone());
                    unwrap(inner, script, depth + 1);
                }
            }
        }
        break;
    }
    script.segments.push(segment);
}

/// Where the command begins behind a wrapper.
struct Inner {
    skipped: usize,
    assignments: Vec<Assignment>,
}

/// Finds the command behind a wrapper; `None` when there is none.
fn inner(wrapper: &Wrapper, words: &[Word]) -> Result<Option<Inner>, &'static str> {
    let mut at = 1;
    let mut assignments = Vec::new();
    while let Some(word) = words.get(at) {
        if !word.may_be_option() {
            break;
        }
        let option = word.known().ok_or(OPTIONS)?;
        at += 1;
        match option {
            "--" => break,
            "-" if wrapper.name == "env" => {}
            "-u" if wrapper.name == "env" => {
                let name = words.get(at).and_then(Word::known).ok_or(OPTIONS)?;
                at += 1;
                assignments.push(Assignment {
                    name: name.to_owned(),
                    value: Word::closed(""),
                    reach: Reach::Command,
                });
            }
            _ if option.starts_with("--") => {
                let name = option.split('=').next().unwrap_or(option);
                if wrapper.long_valued.contains(&name) {
                    // The value of `--replace` can only be attached.
                    if name == option && name != "--replace" {
                        at += 1;
                    }
                } else if !wrapper.long_flags.contains(&option) {
                    return Err(OPTIONS);
                }
            }
            _ => at += cluster(wrapper, option)?,
        }
    }
    at += wrapper.operands;
    while wrapper.assigns
        && let Some(word) = words.get(at)
        && let Some((name, value)) = word.text.split_once('=')
        && is_name(name)
    {
        if word.open > Open::Tail {
            return Err(OPTIONS);
        }
        assignments.push(Assignment {
            name: name.to_owned(),
            value: Word {
                text: value.to_owned(),
                open: word.open,
                tilde: false,
            },
            reach: Reach::Command,
        });
        at += 1;
    }
    let skipped = words.get(..at).unwrap_or(words);
    if skipped.iter().any(|word| word.open > Open::Tail) {
        return Err(OPTIONS);
    }
    match words.get(at) {
        None => Ok(None),
        Some(name) if name.known().is_none() => Err(OPTIONS),
        Some(_) => Ok(Some(Inner {
            skipped: at,
            assignments,
        })),
    }
}

/// Reads short options in one word. Returns how many words their value takes.
fn cluster(wrapper: &Wrapper, option: &str) -> Result<usize, &'static str> {
    let letters = option.get(1..).unwrap_or_default();
    if letters.is_empty() {
        return Err(OPTIONS);
    }
    for (index, letter) in letters.char_indices() {
        if wrapper.valued.contains(letter) {
            let is_attached = index + letter.len_utf8() < letters.len();
            return Ok(usize::from(!is_attached));
        }
        if !wrapper.flags.contains(letter) {
            return Err(OPTIONS);
        }
    }
    Ok(0)
}

/// Puts in what `xargs` adds to its command: further words, or text in place of the mark of `-I`.
fn feed(words: &mut Vec<Word>, xargs: usize, command: usize) {
    let mut mark = None;
    for index in xargs..command {
        let Some(option) = words[index].known() else {
            continue;
        };
        if let Some(rest) = option.strip_prefix("--replace") {
            mark = Some(rest.strip_prefix('=').unwrap_or("{}").to_owned());
        } else if option.starts_with('-')
            && !option.starts_with("--")
            && let Some((_, attached)) = option.split_once('I')
        {
            mark = if attached.is_empty() {
                words.get(index + 1).map(|word| word.text.clone())
            } else {
                Some(attached.to_owned())
            };
        }
    }
    match mark {
        None => words.push(Word::unknown()),
        Some(mark) => {
            for word in &mut words[command..] {
                replace_mark(word, &mark, Open::Tail);
            }
        }
    }
}

/// Forgets what stands in a word from a mark on, in whose place something is put.
fn replace_mark(word: &mut Word, mark: &str, becomes: Open) {
    if let Some(place) = word.text.find(mark) {
        word.text.truncate(place);
        word.open = word.open.max(becomes);
    }
}

/// What a command runs that stands in its arguments.
enum Carried {
    Nothing,
    Lines(Vec<String>),
    Commands(Vec<Vec<Word>>),
    Unclear(&'static str),
}

fn carried(name: &str, words: &[Word]) -> Carried {
    let arguments = words.get(1..).unwrap_or_default();
    match name {
        "bash" | "sh" | "dash" | "ash" | "ksh" => shell(name, arguments),
        "zsh" | "fish" | "csh" | "tcsh" => {
            let runs_line = |word: &Word| word.may_be_option() && word.known() != Some("--version");
            if arguments.is_empty() || arguments.iter().any(runs_line) {
                Carried::Unclear(OTHER_SHELL)
            } else {
                Carried::Nothing
            }
        }
        "eval" => {
            let known: Option<Vec<&str>> = arguments.iter().map(Word::known).collect();
            match known {
                Some(known) => Carried::Lines(vec![known.join(" ")]),
                None => Carried::Unclear(DYNAMIC_LINE),
            }
        }
        "trap" => match arguments.first().map(Word::known) {
            None => Carried::Nothing,
            Some(Some(line)) if line.starts_with('-') => Carried::Nothing,
            Some(Some(line)) => Carried::Lines(vec![line.to_owned()]),
            Some(None) => Carried::Unclear(DYNAMIC_LINE),
        },
        "find" => find(arguments),
        _ => evaluates(name, arguments).map_or(Carried::Nothing, Carried::Unclear),
    }
}

/// Finds the line in `bash -c LINE`.
fn shell(name: &str, arguments: &[Word]) -> Carried {
    let mut at = 0;
    let mut takes_line = false;
    while let Some(word) = arguments.get(at) {
        let Some(option) = word.known() else {
            return if takes_line || word.may_be_option() {
                Carried::Unclear(DYNAMIC_LINE)
            } else {
                Carried::Nothing
            };
        };
        match option {
            "--version" | "--help" => return Carried::Nothing,
            "--norc" | "--noprofile" | "--posix" => {}
            "-o" | "+o" => at += 1,
            _ if option.starts_with('-') && option.len() > 1 => {
                // `-i` reads start files, `-s` takes the commands from the input.
                if !option[1..].bytes().all(|byte| b"celpuxv".contains(&byte)) {
                    return Carried::Unclear(OPTIONS);
                }
                takes_line |= option.contains('c');
            }
            _ => break,
        }
        at += 1;
    }
    match arguments.get(at).map(Word::known) {
        None => Carried::Unclear(STANDARD_INPUT),
        Some(_) if !takes_line => Carried::Nothing,
        Some(None) => Carried::Unclear(DYNAMIC_LINE),
        Some(Some(line)) if name != "bash" && has_bashisms(line) => Carried::Unclear(OTHER_SHELL),
        Some(Some(line)) => Carried::Lines(vec![line.to_owned()]),
    }
}

/// Tells whether shells that know no more than POSIX would read the line otherwise.
fn has_bashisms(line: &str) -> bool {
    const BASHISMS: [&str; 12] = [
        "[[", "((", "$'", "$\"", "&>", ">&", "|&", "<(", ">(", "<<<", "function", "select",
    ];
    // `2>&1` is known to all.
    let line = line
        .replace("2>&1", "")
        .replace(">&2", "")
        .replace("1>&2", "");
    BASHISMS.iter().any(|bashism| line.contains(bashism))
}

/// Finds the commands of `-exec` and its kind.
fn find(arguments: &[Word]) -> Carried {
    let mut commands = Vec::new();
    let mut at = 0;
    let start = starting_point(arguments);
    while let Some(word) = arguments.get(at) {
        at += 1;
        if !matches!(word.known(), Some("-exec" | "-execdir" | "-ok" | "-okdir")) {
            continue;
        }
        let rest = arguments.get(at..).unwrap_or_default();
        let end = rest.iter().enumerate().position(|(index, word)| {
            word.is(";") || (word.is("+") && index > 0 && rest[index - 1].is("{}"))
        });
        let Some(end) = end.filter(|end| *end > 0) else {
            return Carried::Unclear(OPTIONS);
        };
        let mut words = rest[..end].to_vec();
        for word in &mut words {
            match &start {
                Some(start) if word.is("{}") => *word = start.clone(),
                _ => replace_mark(word, "{}", Open::Words),
            }
        }
        commands.push(words);
        at += end + 1;
    }
    if commands.is_empty() {
        Carried::Nothing
    } else {
        Carried::Commands(commands)
    }
}

/// Returns what the names begin with that `find` finds, if it looks in one folder only.
fn starting_point(arguments: &[Word]) -> Option<Word> {
    let is_start = |word: &&Word| !word.text.starts_with(['-', '(', '!']);
    let mut starts = arguments.iter().take_while(is_start);
    let mut start = match starts.next() {
        None => Word::closed("."),
        Some(start) => start.clone(),
    };
    if start.open != Open::Closed || starts.next().is_some() {
        return None;
    }
    start.text.push('/');
    start.open = Open::Names;
    Some(start)
}
