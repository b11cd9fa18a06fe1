//! Walks over the tree of a line and checks it against the line on the way.
//!
//! What must hold for a tree to be believed: between two tokens stands only what bash takes for white
//! space, commands are divided by `;`, `&`, `|` or a line end, no line end stands inside a command, and
//! words and here-documents are what [`word`](super::word) and [`heredoc`](super::heredoc) find them to
//! be. Errors do not end the walk: rules that deny are to see as much as can be seen.

mod compound;
mod redirect;
mod sequence;
mod test_command;

use std::cell::RefCell;
use std::ops::{ControlFlow, Range};

use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use super::expansion;
use super::word::{Becomes, Expansion, Word, unquote};
use super::wrapper::unwrap;
use super::{Assignment, MAX_DEPTH, MAX_LINE, MAX_SEGMENTS, Reach, Script, Segment};

const TOO_MUCH: &str = "it takes too long to read";
const TOO_LONG: &str = "it is too long";
const TOO_DEEP: &str = "it is nested too deeply";
const TOO_MANY: &str = "it has too many commands";
const SYNTAX: &str = "it does not follow the grammar of bash";
const DISAGREEMENT: &str = "bash may read it differently than it looks";
const DYNAMIC_NAME: &str = "the name of the command is only known when it runs";

/// After so many hundreds of its operations the parser gives a line up. Lines of the longest length that
/// follow the grammar take half of them.
const MAX_STEPS: u32 = 2_000;

/// The longest line, in bytes, of which the rest is read behind an error of syntax, for rules that deny. To
/// recover the parser may look at all that it has read, again and again.
const MAX_WRONG_LINE: usize = 2048;

/// The most `|` in a line. The parser keeps several readings of a pipeline until it ends, and looks at
/// all of them where it then goes wrong.
const MAX_BARS: usize = 500;

thread_local! {
    /// Making a parser takes as long as reading some lines with it.
    static PARSER: RefCell<Option<Parser>> = const { RefCell::new(None) };
}

/// Reads a line as `bash -c` would.
pub(crate) fn read(line: &str) -> Script {
    let mut script = Script::default();
    read_into(line, &mut script, 0);
    script
}

/// Reads a line that stands inside another and adds what it would do to `script`.
pub(super) fn read_into(line: &str, script: &mut Script, depth: usize) {
    if depth > MAX_DEPTH {
        return script.unclear(line, TOO_DEEP);
    }
    if line.len() > MAX_LINE {
        return script.unclear(line, TOO_LONG);
    }
    if line.bytes().filter(|byte| *byte == b'|').count() > MAX_BARS {
        return script.unclear(line, TOO_MUCH);
    }
    if line.contains('\0') {
        return script.unclear(line, DISAGREEMENT);
    }
    let Some(tree) = parse(line) else {
        return script.unclear(line, TOO_MUCH);
    };
    let root = tree.root_node();
    if root.has_error() {
        script.unclear(line, SYNTAX);
    }
    let mut reader = Reader {
        line,
        script,
        depth,
    };
    reader.check_gap(0, root.start_byte());
    reader.sequence(root);
    reader.check_gap(root.end_byte(), line.len());
}

/// Parses a line; `None` if that takes too long. Then the parser forgets it.
fn parse(line: &str) -> Option<Tree> {
    PARSER.with_borrow_mut(|parser| {
        if parser.is_none() {
            let mut fresh = Parser::new();
            fresh
                .set_language(&tree_sitter_bash::LANGUAGE.into())
                .ok()?;
            *parser = Some(fresh);
        }
        let parser = parser.as_mut()?;
        let mut steps = 0_u32;
        let mut count = |state: &ParseState| {
            steps += 1;
            let recovers = state.has_error() && line.len() > MAX_WRONG_LINE;
            if steps < MAX_STEPS && !recovers {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let options = ParseOptions::new().progress_callback(&mut count);
        // The scanner of the grammar looks characters up in the tables of C, far behind their end for those
        // that are not ASCII. For bash these are parts of words like this one.
        let ascii: Vec<u8> = line
            .bytes()
            .map(|byte| if byte.is_ascii() { byte } else { b'%' })
            .collect();
        let mut read = |at: usize, _| ascii.get(at..).unwrap_or_default();
        let tree = parser.parse_with_options(&mut read, None, Some(options));
        if tree.is_none() {
            parser.reset();
        }
        tree
    })
}

struct Reader<'a> {
    line: &'a str,
    script: &'a mut Script,
    depth: usize,
}

/// What stands between two tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    /// Nothing, or line ends that are taken away with the backslash before them.
    None,
    /// Blanks.
    Blank,
    /// A line end that divides commands, perhaps blanks too.
    LineEnd,
    /// Something that bash does not take for white space.
    Bad,
}

/// A simple command in the making.
#[derive(Default)]
struct Simple {
    words: Vec<Word>,
    assignments: Vec<Assignment>,
}

impl<'a> Reader<'a> {
    fn text(&self, range: Range<usize>) -> &'a str {
        self.line.get(range).unwrap_or_default()
    }

    fn text_of(&self, node: Node<'_>) -> &'a str {
        self.text(node.byte_range())
    }

    /// Returns the byte before a place. The grammar may end a token inside a character.
    fn byte_before(&self, at: usize) -> Option<u8> {
        self.line.as_bytes().get(at.checked_sub(1)?).copied()
    }

    fn unclear(&mut self, node: Node<'_>, why: &'static str) {
        let text = self.text_of(node);
        self.script.unclear(text, why);
    }

    fn gap(&self, start: usize, end: usize) -> Gap {
        let Some(bytes) = self.line.as_bytes().get(start..end) else {
            return Gap::Bad;
        };
        let mut gap = Gap::None;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b' ' | b'\t' if gap == Gap::None => gap = Gap::Blank,
                b' ' | b'\t' => {}
                b'\n' => gap = Gap::LineEnd,
                b'\\' if bytes.get(at + 1) == Some(&b'\n') => at += 1,
                _ => return Gap::Bad,
            }
            at += 1;
        }
        gap
    }

    /// Checks that there is nothing but white space.
    fn check_gap(&mut self, start: usize, end: usize) {
        if self.gap(start, end) == Gap::Bad {
            let text = self.text(start..end);
            self.script.unclear(text, DISAGREEMENT);
        }
    }

    /// Returns the parts of a node, and checks that signs and reserved words are what they are called.
    fn parts<'tree>(&mut self, node: Node<'tree>) -> Vec<Node<'tree>> {
        let parts: Vec<_> = node.children(&mut node.walk()).collect();
        for part in &parts {
            if part.is_missing() || (!part.is_named() && self.text_of(*part) != part.kind()) {
                self.unclear(node, DISAGREEMENT);
            }
        }
        parts
    }

    /// Checks that a node ends where the last of its parts does.
    fn check_end(&mut self, node: Node<'_>, end: usize) {
        if end != node.end_byte() && self.gap(end, node.end_byte()) != Gap::Blank {
            self.unclear(node, DISAGREEMENT);
        }
    }

    /// Does `walk` one level further down, unless that is too deep.
    fn deeper(&mut self, node: Node<'_>, walk: impl FnOnce(&mut Self)) {
        if self.depth >= MAX_DEPTH {
            return self.unclear(node, TOO_DEEP);
        }
        self.depth += 1;
        walk(self);
        self.depth -= 1;
    }

    /// Reads a command with its assignments, arguments and redirections.
    fn command(&mut self, node: Node<'_>) {
        let simple = self.simple(node);
        self.finish(node, simple);
    }

    fn simple(&mut self, node: Node<'_>) -> Simple {
        let mut simple = Simple::default();
        let mut end = node.start_byte();
        // Whether what stands before is a word, so that a blank must divide it from the next.
        let mut after_word = false;
        for child in self.parts(node) {
            let gap = self.gap(end, child.start_byte());
            let is_redirect = matches!(child.kind(), "file_redirect" | "herestring_redirect");
            let starts_with_number = child
                .child(0)
                .is_some_and(|first| first.kind() == "file_descriptor");
            if matches!(gap, Gap::Bad | Gap::LineEnd)
                || (gap == Gap::None && after_word && (!is_redirect || starts_with_number))
                || (is_redirect && self.touches_descriptor(child.start_byte()))
            {
                self.unclear(node, DISAGREEMENT);
            }
            end = child.end_byte();
            after_word = true;
            match child.kind() {
                "variable_assignment" if simple.words.is_empty() => {
                    simple
                        .assignments
                        .extend(self.assignment(child, Reach::Command));
                }
                "file_redirect" => simple.words.extend(self.file_redirect(child)),
                "herestring_redirect" => self.here_string(child),
                "subshell" if simple.words.first().is_some_and(|word| word.is("time")) => {
                    after_word = false;
                    self.deeper(child, |reader| reader.sequence(child));
                }
                "$" | "=~" | "==" => simple.words.push(Word::closed(child.kind())),
                "comment" | "subshell" | "variable_assignment" => {
                    self.unclear(node, DISAGREEMENT);
                }
                _ => simple.words.push(self.word(child)),
            }
        }
        self.check_end(node, end);
        simple
    }

    /// Tells whether bash may take what stands right before a redirection for its descriptor.
    fn touches_descriptor(&self, redirection: usize) -> bool {
        self.byte_before(redirection)
            .is_some_and(|byte| byte == b'}' || byte.is_ascii_digit())
    }

    /// Takes a command apart into what it runs, and adds that to the script.
    fn finish(&mut self, node: Node<'_>, simple: Simple) {
        let text = self.text_of(node);
        let Some(name) = simple.words.first() else {
            self.script.assignments.extend(simple.assignments);
            return;
        };
        if name.known().is_none() || name.text.is_empty() {
            self.script.unclear(text, DYNAMIC_NAME);
        }
        if self.script.segments.len() >= MAX_SEGMENTS {
            return self.script.unclear(text, TOO_MANY);
        }
        let segment = Segment::new(super::shortened(text), simple.words, simple.assignments);
        unwrap(segment, self.script, self.depth);
    }

    /// Reads an assignment; `None` for one that cannot be understood.
    fn assignment(&mut self, node: Node<'_>, reach: Reach) -> Option<Assignment> {
        let parts = self.parts(node);
        let whole = parts
            .windows(2)
            .all(|pair| pair[0].end_byte() == pair[1].start_byte());
        let (name, value) = match parts.as_slice() {
            [name, operator] if operator.kind() == "=" || operator.kind() == "+=" => (name, None),
            [name, _, value] => (name, Some(value)),
            _ => {
                self.unclear(node, DISAGREEMENT);
                return None;
            }
        };
        let written = self.text_of(*name);
        let is_plain = match written
            .strip_suffix(']')
            .and_then(|text| text.split_once('['))
        {
            // The subscript is arithmetic.
            Some((name, index)) => {
                expansion::is_name(name)
                    && !index.is_empty()
                    && index.bytes().all(|byte| byte.is_ascii_digit())
            }
            None => expansion::is_name(written),
        };
        if !whole || !is_plain {
            self.unclear(node, DISAGREEMENT);
        }
        let value = match value {
            None => Word::closed(""),
            Some(array) if array.kind() == "array" => {
                self.array(*array);
                Word::unknown()
            }
            Some(value) => self.word(*value),
        };
        Some(Assignment {
            name: written.split('[').next().unwrap_or_default().to_owned(),
            value,
            reach,
        })
    }

    fn array(&mut self, node: Node<'_>) {
        let mut end = node.start_byte();
        let mut after_word = false;
        for child in self.parts(node) {
            let gap = self.gap(end, child.start_byte());
            let is_word = !matches!(child.kind(), "(" | ")");
            if gap == Gap::Bad || (gap == Gap::None && after_word && is_word) {
                self.unclear(node, DISAGREEMENT);
            }
            end = child.end_byte();
            after_word = is_word;
            if is_word {
                // `[subscript]=value` evaluates the subscript.
                if self.text_of(child).starts_with('[') || child.kind() == "comment" {
                    self.unclear(child, DISAGREEMENT);
                }
                self.word(child);
            }
        }
        self.check_end(node, end);
    }

    /// Unquotes a word and reads the commands in it.
    fn word(&mut self, node: Node<'_>) -> Word {
        let mut expansions = Vec::new();
        self.expansions(node, &mut expansions);
        unquote(self.line, node.byte_range(), &expansions).unwrap_or_else(|_| {
            self.unclear(node, DISAGREEMENT);
            Word::unknown()
        })
    }

    /// Collects the outermost expansions of a word and reads the commands in them.
    fn expansions(&mut self, node: Node<'_>, found: &mut Vec<Expansion>) {
        let becomes = match node.kind() {
            "simple_expansion" => expansion::of_name(self.text_of(node)),
            "expansion" => {
                let mut nested = Vec::new();
                self.nested_expansions(node, &mut nested);
                let nested: Vec<_> = nested.into_iter().map(|nested| nested.range).collect();
                expansion::of_braces(self.line, node.byte_range(), &nested)
            }
            "arithmetic_expansion" => {
                let text = self.text_of(node);
                text.strip_prefix("$((")
                    .and_then(|text| text.strip_suffix("))"))
                    .ok_or(expansion::ARITHMETIC)
                    .and_then(expansion::of_arithmetic)
            }
            "command_substitution" => {
                self.substitution(node);
                Ok(Becomes::Text)
            }
            "process_substitution" => {
                self.substitution(node);
                Ok(Becomes::Piece)
            }
            "array" => Err(DISAGREEMENT),
            _ => return self.nested_expansions(node, found),
        };
        let becomes = becomes.unwrap_or_else(|why| {
            self.unclear(node, why);
            // Commands may hide deeper in what is refused here, for rules that deny.
            if node.kind() == "arithmetic_expansion" {
                self.nested_expansions(node, &mut Vec::new());
            }
            Becomes::Many
        });
        found.push(Expansion {
            range: node.byte_range(),
            becomes,
        });
    }

    fn nested_expansions(&mut self, node: Node<'_>, found: &mut Vec<Expansion>) {
        if node.child_count() == 0 {
            return;
        }
        self.deeper(node, |reader| {
            for child in reader.parts(node) {
                if child.is_error() || child.is_missing() {
                    reader.unclear(node, SYNTAX);
                }
                reader.expansions(child, found);
            }
        });
    }

    /// Reads `$(…)`, backticks, `<(…)` and `>(…)`.
    fn substitution(&mut self, node: Node<'_>) {
        let text = self.text_of(node);
        if text.starts_with('`') && text.contains('\\') {
            // Backslashes are taken away once more between backticks.
            self.unclear(node, DISAGREEMENT);
        }
        if text.starts_with("$`") {
            self.unclear(node, DISAGREEMENT);
        }
        self.deeper(node, |reader| reader.sequence(node));
    }
}
