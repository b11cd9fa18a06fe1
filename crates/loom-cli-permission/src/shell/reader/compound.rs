//! Loops, choices, functions and the commands that set variables.

use tree_sitter::Node;

use super::super::expansion::{self, ARITHMETIC};
use super::super::variables;
use super::super::word::{Open, Word};
use super::{Assignment, DISAGREEMENT, Gap, Reach, Reader, Simple};

impl Reader<'_> {
    /// Reads `{ …; }` or `((…))`.
    pub(super) fn compound(&mut self, node: Node<'_>) {
        let text = self.text_of(node);
        let Some(inner) = text.strip_prefix("((") else {
            return self.sequence(node);
        };
        let plain = inner
            .strip_suffix("))")
            .ok_or(ARITHMETIC)
            .and_then(expansion::of_arithmetic);
        if let Err(why) = plain {
            self.unclear(node, why);
            self.nested_expansions(node, &mut Vec::new());
        }
    }

    /// Reads `for x in …; do …; done`.
    pub(super) fn for_loop(&mut self, node: Node<'_>) {
        let mut end = node.start_byte();
        let mut in_words = false;
        for child in self.parts(node) {
            let gap = self.gap(end, child.start_byte());
            end = child.end_byte();
            let is_separator = matches!(child.kind(), ";" | "do_group");
            if gap == Gap::Bad || (!is_separator && gap == Gap::LineEnd && in_words) {
                self.unclear(node, DISAGREEMENT);
            }
            match child.kind() {
                "for" | "select" | ";" => {}
                "in" => in_words = true,
                "variable_name" => {
                    let name = self.text_of(child);
                    if !expansion::is_name(name) || variables::is_influential(name) {
                        self.unclear(child, DISAGREEMENT);
                    }
                }
                "do_group" => self.sequence(child),
                // A `&` or a comment in the head, for which bash has no use.
                "&" | ";;" | "comment" => self.unclear(node, DISAGREEMENT),
                _ => {
                    if gap == Gap::None {
                        self.unclear(node, DISAGREEMENT);
                    }
                    self.word(child);
                }
            }
        }
        self.check_end(node, end);
    }

    /// Reads `for ((…)); do …; done`, whose head is arithmetic.
    pub(super) fn arithmetic_loop(&mut self, node: Node<'_>) {
        self.unclear(node, ARITHMETIC);
        for child in self.parts(node) {
            match child.kind() {
                "do_group" => self.sequence(child),
                "compound_statement" => self.compound(child),
                _ => self.expansions(child, &mut Vec::new()),
            }
        }
    }

    /// Reads `case … in … esac`.
    pub(super) fn case(&mut self, node: Node<'_>) {
        let mut end = node.start_byte();
        for child in self.parts(node) {
            if self.gap(end, child.start_byte()) == Gap::Bad {
                self.unclear(node, DISAGREEMENT);
            }
            end = child.end_byte();
            match child.kind() {
                "case" | "in" | "esac" | ";" => {}
                "case_item" => self.case_item(child),
                "comment" => self.unclear(node, DISAGREEMENT),
                _ => {
                    self.word(child);
                }
            }
        }
        self.check_end(node, end);
    }

    fn case_item(&mut self, node: Node<'_>) {
        let parts = self.parts(node);
        let Some(closing) = parts.iter().position(|part| part.kind() == ")") else {
            return self.unclear(node, DISAGREEMENT);
        };
        let (patterns, body) = parts.split_at(closing);
        let mut end = node.start_byte();
        let mut after_word = false;
        for pattern in patterns {
            let gap = self.gap(end, pattern.start_byte());
            let is_word = !matches!(pattern.kind(), "(" | "|");
            if matches!(gap, Gap::Bad | Gap::LineEnd) || (is_word && after_word) {
                self.unclear(node, DISAGREEMENT);
            }
            end = pattern.end_byte();
            after_word = is_word;
            if is_word {
                let word = self.word(*pattern);
                if word.text == "esac" {
                    self.unclear(node, DISAGREEMENT);
                }
            }
        }
        let mut before_command = true;
        for part in body {
            let gap = self.gap(end, part.start_byte());
            if gap == Gap::Bad {
                self.unclear(node, DISAGREEMENT);
            }
            end = part.end_byte();
            match part.kind() {
                ")" | ";" | "&" | ";;" | ";&" | ";;&" => before_command = true,
                "comment" => {}
                _ => {
                    if !before_command && gap != Gap::LineEnd {
                        self.unclear(node, DISAGREEMENT);
                    }
                    self.statement(*part);
                    before_command = false;
                }
            }
        }
        self.check_gap(end, node.end_byte());
    }

    /// Reads the body of a function: it counts as if it were run where it is written.
    pub(super) fn function(&mut self, node: Node<'_>) {
        let mut end = node.start_byte();
        for child in self.parts(node) {
            if self.gap(end, child.start_byte()) == Gap::Bad {
                self.unclear(node, DISAGREEMENT);
            }
            end = child.end_byte();
            match child.kind() {
                "function" | "(" | ")" => {}
                "word" => {
                    if self.word(child).known().is_none() {
                        self.unclear(node, DISAGREEMENT);
                    }
                }
                "file_redirect" => {
                    if !self.file_redirect(child).is_empty() {
                        self.unclear(node, DISAGREEMENT);
                    }
                }
                "herestring_redirect" => self.here_string(child),
                _ => self.statement(child),
            }
        }
        self.check_end(node, end);
    }

    /// Reads `a=1 b=2`.
    pub(super) fn assignments(&mut self, node: Node<'_>) {
        let mut end = None;
        for child in self.parts(node) {
            if end.is_some_and(|end| self.gap(end, child.start_byte()) != Gap::Blank) {
                self.unclear(node, DISAGREEMENT);
            }
            end = Some(child.end_byte());
            let assignment = self.assignment(child, Reach::Shell);
            self.script.assignments.extend(assignment);
        }
    }

    /// Reads `export`, `declare`, `local`, `readonly` or `typeset`: a command that sets variables.
    pub(super) fn declaration(&mut self, node: Node<'_>) {
        let mut simple = Simple::default();
        let mut set = Vec::new();
        for child in self.divided(node) {
            match child.kind() {
                "variable_assignment" => {
                    let text = self.text_of(child);
                    set.extend(self.assignment(child, Reach::Exported));
                    simple.words.push(Word {
                        text: text.to_owned(),
                        open: Open::Tail,
                        tilde: false,
                    });
                }
                "declare" | "typeset" | "export" | "readonly" | "local" => {
                    simple.words.push(Word::closed(child.kind()));
                }
                _ => {
                    let word = self.word(child);
                    if let Some(name) = word.known().filter(|name| expansion::is_name(name)) {
                        set.push(Assignment {
                            name: name.to_owned(),
                            value: Word::unknown(),
                            reach: Reach::Exported,
                        });
                    }
                    simple.words.push(word);
                }
            }
        }
        let is_local = simple.words.first().is_some_and(|word| word.is("local"));
        if is_local {
            for assignment in &mut set {
                assignment.reach = Reach::Shell;
            }
        }
        self.script.assignments.extend(set);
        self.finish(node, simple);
    }

    /// Reads `unset`.
    pub(super) fn unset(&mut self, node: Node<'_>) {
        let mut simple = Simple::default();
        for child in self.divided(node) {
            if matches!(child.kind(), "unset" | "unsetenv") {
                simple.words.push(Word::closed(child.kind()));
                continue;
            }
            let word = self.word(child);
            if let Some(name) = word.known().filter(|name| expansion::is_name(name)) {
                self.script.assignments.push(Assignment {
                    name: name.to_owned(),
                    value: Word::closed(""),
                    reach: Reach::Shell,
                });
            }
            simple.words.push(word);
        }
        self.finish(node, simple);
    }

    /// Returns the parts of a node, and checks that blanks divide them.
    fn divided<'tree>(&mut self, node: Node<'tree>) -> Vec<Node<'tree>> {
        let parts = self.parts(node);
        for pair in parts.windows(2) {
            if self.gap(pair[0].end_byte(), pair[1].start_byte()) != Gap::Blank
                || pair[1].kind() == "comment"
            {
                self.unclear(node, DISAGREEMENT);
            }
        }
        self.check_end(node, parts.last().map_or(node.start_byte(), Node::end_byte));
        parts
    }
}
