//! `[ … ]` and `[[ … ]]`.
//!
//! For bash `[` is a command like others, and in its arguments `&&`, `|` and `>` do what they do
//! everywhere; the grammar takes them for operators of the test. `[[` has a syntax of its own, in which
//! `-eq` and its kind evaluate arithmetic.

use tree_sitter::Node;

use super::super::expansion::ARITHMETIC;
use super::super::word::Word;
use super::{DISAGREEMENT, Gap, Reader, Simple};

const COMPARISONS: [&str; 6] = ["-eq", "-ne", "-lt", "-le", "-gt", "-ge"];

const OPERATORS: [&str; 27] = [
    "-a", "-b", "-c", "-d", "-e", "-f", "-g", "-h", "-k", "-L", "-n", "-N", "-O", "-G", "-p", "-r",
    "-s", "-S", "-t", "-u", "-w", "-x", "-z", "-o", "-nt", "-ot", "-ef",
];

impl Reader<'_> {
    /// Reads a test. It becomes a command of its own, with its operators among the words.
    pub(super) fn test(&mut self, node: Node<'_>) {
        let mut simple = Simple::default();
        let mut end = node.start_byte();
        let is_command = self.text_of(node).starts_with("[ ");
        self.operands(node, is_command, &mut simple, &mut end);
        self.check_end(node, end);
        self.finish(node, simple);
    }

    fn operands(&mut self, node: Node<'_>, is_command: bool, simple: &mut Simple, end: &mut usize) {
        let parts = self.parts(node);
        self.check_comparison(&parts, is_command);
        for part in parts {
            let kind = part.kind();
            if matches!(
                kind,
                "binary_expression" | "unary_expression" | "parenthesized_expression"
            ) {
                self.deeper(part, |reader| {
                    reader.operands(part, is_command, simple, end);
                });
                continue;
            }
            let gap = self.gap(*end, part.start_byte());
            let is_parenthesis = matches!(kind, "(" | ")");
            if gap != Gap::Blank && !simple.words.is_empty() && !is_parenthesis {
                let touches_parenthesis =
                    gap == Gap::None && matches!(self.byte_before(*end), Some(b'(' | b')'));
                if !touches_parenthesis {
                    self.unclear(node, DISAGREEMENT);
                }
            }
            *end = part.end_byte();
            match kind {
                "[" | "]" | "[[" | "]]" | "=" | "==" | "!=" | "!" => {
                    simple.words.push(Word::closed(kind));
                }
                "&&" | "||" | "<" | ">" | "(" | ")" | "=~" if !is_command => {
                    simple.words.push(Word::closed(kind));
                }
                "test_operator" => {
                    let operator = self.text_of(part);
                    if !OPERATORS.contains(&operator) && !COMPARISONS.contains(&operator) {
                        // `-v` and `-R` evaluate a subscript.
                        self.unclear(node, DISAGREEMENT);
                    }
                    simple.words.push(Word::closed(operator));
                }
                "regex" | "extglob_pattern" => {
                    if !is_plain_pattern(self.text_of(part)) {
                        self.unclear(part, DISAGREEMENT);
                    }
                    simple.words.push(Word::unknown());
                }
                _ if part.is_named() && is_word(kind) => simple.words.push(self.word(part)),
                _ => {
                    self.unclear(node, DISAGREEMENT);
                    self.nested_expansions(part, &mut Vec::new());
                }
            }
        }
    }

    /// Checks that what `[[` compares as numbers are numbers.
    fn check_comparison(&mut self, parts: &[Node<'_>], is_command: bool) {
        let [left, operator, right] = parts else {
            return;
        };
        if is_command || !COMPARISONS.contains(&self.text_of(*operator)) {
            return;
        }
        for operand in [left, right] {
            let text = self.text_of(*operand).trim_matches('"');
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let counts = text.starts_with("${#") || matches!(text, "$?" | "$#");
            if !is_number && !counts {
                self.unclear(*operand, ARITHMETIC);
            }
        }
    }
}

fn is_word(kind: &str) -> bool {
    matches!(
        kind,
        "word"
            | "string"
            | "raw_string"
            | "ansi_c_string"
            | "number"
            | "expansion"
            | "simple_expansion"
            | "command_substitution"
            | "concatenation"
    )
}

/// Tells whether a pattern holds nothing that the shell would expand or take for its end.
fn is_plain_pattern(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_.*+?^$|()[]{}:,/\\-@%=~!".contains(&byte))
        && !["$(", "${", "$["]
            .iter()
            .any(|opening| text.contains(opening))
        && !text
            .as_bytes()
            .windows(2)
            .any(|pair| pair[0] == b'$' && pair[1].is_ascii_alphanumeric())
}
