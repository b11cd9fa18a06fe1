//! Lists of commands: whole lines, pipelines, and the bodies of compound commands.

use tree_sitter::Node;

use super::{DISAGREEMENT, Gap, Reach, Reader, SYNTAX};

/// What stands before a place in a list of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// A word or sign behind which a command can begin.
    Opening,
    /// A command, not ended yet.
    Command,
}

/// How far a list was walked.
struct Place {
    end: usize,
    before: Before,
}

impl Reader<'_> {
    /// Reads the commands that `node` lists.
    pub(super) fn sequence(&mut self, node: Node<'_>) {
        let mut place = Place {
            end: node.start_byte(),
            before: Before::Opening,
        };
        self.list(node, &mut place);
        self.check_gap(place.end, node.end_byte());
    }

    fn list(&mut self, node: Node<'_>, place: &mut Place) {
        for child in self.parts(node) {
            let gap = self.gap(place.end, child.start_byte());
            if gap == Gap::Bad {
                self.unclear(node, DISAGREEMENT);
            }
            let ended = place.before == Before::Opening || gap == Gap::LineEnd;
            match child.kind() {
                "comment" => {
                    if gap == Gap::None && !self.begins_word(place.end) {
                        self.unclear(node, DISAGREEMENT);
                    }
                    // A line end before the comment has divided; the one behind it divides as well.
                    if ended {
                        place.before = Before::Opening;
                    }
                    place.end = child.end_byte();
                    continue;
                }
                ";" | "&" | "&&" | "||" | "|" | "|&" | "(" | "$(" | "<(" | ">(" => {
                    place.before = Before::Opening;
                }
                "`" if child.start_byte() == node.start_byte() => place.before = Before::Opening,
                "if" | "while" | "until" | "!" | "{" => {
                    place.before = Before::Opening;
                    self.check_blank_after(child);
                }
                "then" | "else" | "elif" | "do" => {
                    if !ended {
                        self.unclear(node, DISAGREEMENT);
                    }
                    self.check_blank_after(child);
                    place.before = Before::Opening;
                }
                "fi" | "done" | "}" => {
                    // `}` and the like are words like others where a command goes on.
                    if !ended && self.byte_before(place.end) != Some(b')') {
                        self.unclear(node, DISAGREEMENT);
                    }
                    place.before = Before::Command;
                }
                ")" | "`" => place.before = Before::Command,
                "elif_clause" | "else_clause" | "do_group" => {
                    if child.start_byte() > place.end {
                        place.end = child.start_byte();
                    }
                    if ended {
                        place.before = Before::Opening;
                    }
                    self.deeper(child, |reader| reader.list(child, place));
                    continue;
                }
                _ => {
                    if !ended {
                        self.unclear(node, DISAGREEMENT);
                    }
                    self.statement(child);
                    place.before = Before::Command;
                }
            }
            place.end = child.end_byte();
        }
    }

    /// Tells whether a `#` at this place begins a comment for bash.
    fn begins_word(&self, at: usize) -> bool {
        self.byte_before(at)
            .is_none_or(|byte| b" \t\n;&|()".contains(&byte))
    }

    /// Checks that a reserved word is not the beginning of a longer one.
    fn check_blank_after(&mut self, word: Node<'_>) {
        let next = self.line.as_bytes().get(word.end_byte());
        if !next.is_none_or(|byte| b" \t\n;&|()<>".contains(byte)) {
            self.unclear(word, DISAGREEMENT);
        }
    }

    /// Reads a command of any kind.
    pub(super) fn statement(&mut self, node: Node<'_>) {
        self.deeper(node, |reader| reader.statement_here(node));
    }

    fn statement_here(&mut self, node: Node<'_>) {
        if node.is_missing() {
            return self.unclear(node, SYNTAX);
        }
        match node.kind() {
            "command" => self.command(node),
            "redirected_statement" => self.redirected(node),
            "variable_assignment" => {
                let assignment = self.assignment(node, Reach::Shell);
                self.script.assignments.extend(assignment);
            }
            "variable_assignments" => self.assignments(node),
            "list" => self.chain(node),
            "pipeline" | "subshell" | "negated_command" | "if_statement" | "while_statement"
            | "do_group" => self.sequence(node),
            "compound_statement" => self.compound(node),
            "for_statement" => self.for_loop(node),
            "c_style_for_statement" => self.arithmetic_loop(node),
            "case_statement" => self.case(node),
            "function_definition" => self.function(node),
            "declaration_command" => self.declaration(node),
            "unset_command" => self.unset(node),
            "test_command" => self.test(node),
            // The substitution `$(< file)`.
            "file_redirect" => {
                if !self.file_redirect(node).is_empty() {
                    self.unclear(node, DISAGREEMENT);
                }
            }
            _ => {
                self.unclear(node, SYNTAX);
                // What can be told is for rules that deny.
                self.sequence(node);
            }
        }
    }

    /// Reads `a && b || c`, which the grammar nests to the left: as deeply as it is long.
    fn chain(&mut self, node: Node<'_>) {
        let mut links = vec![node];
        while let Some(left) = links
            .last()
            .and_then(|link| link.child(0))
            .filter(|left| left.kind() == "list")
        {
            links.push(left);
        }
        for (index, link) in links.iter().enumerate().rev() {
            let innermost = index + 1 == links.len();
            let mut place = Place {
                end: link.start_byte(),
                before: Before::Opening,
            };
            for child in self.parts(*link) {
                if child.kind() == "list" && !innermost && child.start_byte() == link.start_byte() {
                    place.end = child.end_byte();
                    place.before = Before::Command;
                    continue;
                }
                self.link(child, *link, &mut place);
            }
        }
    }

    fn link(&mut self, child: Node<'_>, list: Node<'_>, place: &mut Place) {
        let gap = self.gap(place.end, child.start_byte());
        let is_operator = matches!(child.kind(), "&&" | "||");
        if gap == Gap::Bad || (is_operator && gap == Gap::LineEnd) {
            self.unclear(list, DISAGREEMENT);
        }
        match child.kind() {
            "&&" | "||" => place.before = Before::Opening,
            "comment" => {
                if gap == Gap::None && !self.begins_word(place.end) {
                    self.unclear(list, DISAGREEMENT);
                }
            }
            _ => {
                if place.before == Before::Command {
                    self.unclear(list, DISAGREEMENT);
                }
                self.statement(child);
                place.before = Before::Command;
            }
        }
        place.end = child.end_byte();
    }
}
