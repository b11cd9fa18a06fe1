//! Redirections and here-documents.

use std::ops::Range;

use tree_sitter::Node;

use super::super::heredoc;
use super::super::word::Word;
use super::super::{Redirection, shortened};
use super::{DISAGREEMENT, Gap, Reader};

impl Reader<'_> {
    /// Reads a command with redirections behind it.
    pub(super) fn redirected(&mut self, node: Node<'_>) {
        let parts = self.parts(node);
        let mut command = None;
        let mut more_words = Vec::new();
        let mut end = node.start_byte();
        for (index, part) in parts.iter().enumerate() {
            let gap = self.gap(end, part.start_byte());
            let starts_with_number = part
                .child(0)
                .is_some_and(|first| first.kind() == "file_descriptor");
            if matches!(gap, Gap::Bad | Gap::LineEnd)
                || (gap == Gap::None && starts_with_number && index > 0)
                || (index > 0 && self.touches_descriptor(part.start_byte()))
            {
                self.unclear(node, DISAGREEMENT);
            }
            end = part.end_byte();
            match part.kind() {
                "file_redirect" => more_words.extend(self.file_redirect(*part)),
                "herestring_redirect" => self.here_string(*part),
                "heredoc_redirect" => more_words.extend(self.here_document(*part)),
                // Words that stand behind a redirection belong to the command before it.
                "command" if index == 0 => command = Some((*part, self.simple(*part))),
                _ if index == 0 => self.statement(*part),
                _ => self.unclear(node, DISAGREEMENT),
            }
        }
        self.check_end(node, end);
        match command {
            Some((command, mut simple)) => {
                let whole = if more_words.is_empty() { command } else { node };
                simple.words.append(&mut more_words);
                self.finish(whole, simple);
            }
            None if more_words.is_empty() => {}
            None => self.unclear(node, DISAGREEMENT),
        }
    }

    /// Reads `> file` and the like. Returns the words behind the file: they belong to the command.
    pub(super) fn file_redirect(&mut self, node: Node<'_>) -> Vec<Word> {
        let mut operator = "";
        let mut words = Vec::new();
        let mut end = node.start_byte();
        for child in self.parts(node) {
            let gap = self.gap(end, child.start_byte());
            let touches =
                gap == Gap::None && (child.kind() == "file_descriptor" || words.is_empty());
            if !(touches || gap == Gap::Blank && !operator.is_empty()) {
                self.unclear(node, DISAGREEMENT);
            }
            end = child.end_byte();
            match child.kind() {
                "file_descriptor" => self.check_descriptor(child),
                "<" | ">" | ">>" | "&>" | "&>>" | "<&" | ">&" | ">|" | "<&-" | ">&-" => {
                    operator = child.kind();
                }
                _ => words.push(self.word(child)),
            }
        }
        self.check_end(node, end);
        if matches!(operator, "<&-" | ">&-") {
            return words;
        }
        if words.is_empty() {
            self.unclear(node, DISAGREEMENT);
            return words;
        }
        let rest = words.split_off(1);
        for target in words {
            self.redirection(node, operator, target);
        }
        rest
    }

    fn redirection(&mut self, node: Node<'_>, operator: &str, target: Word) {
        let is_descriptor = target.known().is_some_and(|text| {
            text == "-"
                || text
                    .trim_end_matches('-')
                    .bytes()
                    .all(|byte| byte.is_ascii_digit())
        });
        match operator {
            "<&" | ">&" if is_descriptor => return,
            "<&" => self.unclear(node, DISAGREEMENT),
            _ => {}
        }
        let redirection = Redirection {
            text: shortened(self.text_of(node)),
            target,
            writes: !operator.starts_with('<'),
        };
        self.script.redirections.push(redirection);
    }

    /// Checks that a descriptor is a number and stands apart from what is before it.
    fn check_descriptor(&mut self, node: Node<'_>) {
        let is_number = self.text_of(node).bytes().all(|byte| byte.is_ascii_digit());
        let before = self.byte_before(node.start_byte());
        if !is_number || before.is_some_and(|byte| !b" \t\n;&|()".contains(&byte)) {
            self.unclear(node, DISAGREEMENT);
        }
    }

    /// Reads `<<< word`.
    pub(super) fn here_string(&mut self, node: Node<'_>) {
        let mut end = node.start_byte();
        for child in self.parts(node) {
            if matches!(self.gap(end, child.start_byte()), Gap::Bad | Gap::LineEnd) {
                self.unclear(node, DISAGREEMENT);
            }
            end = child.end_byte();
            match child.kind() {
                "file_descriptor" => self.check_descriptor(child),
                "<<<" => {}
                _ => {
                    self.word(child);
                }
            }
        }
    }

    /// Reads a here-document, and what stands behind its beginning on the same line. Returns the
    /// words there: they belong to the command.
    fn here_document(&mut self, node: Node<'_>) -> Vec<Word> {
        let parts = self.parts(node);
        let start = parts.iter().find(|part| part.kind() == "heredoc_start");
        let strips_tabs = parts.iter().any(|part| part.kind() == "<<-");
        let document =
            start.and_then(|start| heredoc::find(self.line, start.byte_range(), strips_tabs));
        let mut words = Vec::new();
        let mut end = node.start_byte();
        let mut body_seen = false;
        let mut end_seen = false;
        // Behind `&&` stands a command, and no words of the one before.
        let mut is_chained = false;
        for part in &parts {
            if let Some(document) = &document
                && part.start_byte() >= document.body.start
            {
                match part.kind() {
                    "heredoc_body" => {
                        // What precedes the body on its line was checked as it came.
                        body_seen = self.gap(end, document.body.start) == Gap::LineEnd
                            && self.here_document_body(*part, document);
                        end = part.end_byte();
                        continue;
                    }
                    "heredoc_end" => {
                        end_seen = part.end_byte() == document.end;
                        body_seen |= document.body.is_empty();
                        continue;
                    }
                    _ => {}
                }
            }
            let gap = self.gap(end, part.start_byte());
            if matches!(gap, Gap::Bad | Gap::LineEnd) {
                self.unclear(node, DISAGREEMENT);
            }
            end = part.end_byte();
            match part.kind() {
                "file_descriptor" => self.check_descriptor(*part),
                "<<" | "<<-" | "heredoc_start" => {}
                "&&" | "||" => is_chained = true,
                "file_redirect" => words.extend(self.file_redirect(*part)),
                "herestring_redirect" => self.here_string(*part),
                "pipeline" => self.deeper(*part, |reader| reader.sequence(*part)),
                "comment" | "heredoc_body" | "heredoc_end" => self.unclear(node, DISAGREEMENT),
                kind if is_statement(kind) => self.statement(*part),
                _ => {
                    if is_chained || gap != Gap::Blank {
                        self.unclear(node, DISAGREEMENT);
                    }
                    words.push(self.word(*part));
                }
            }
        }
        if document.is_none() || !body_seen || !end_seen {
            self.unclear(node, DISAGREEMENT);
        }
        words
    }

    /// Reads the expansions in the body. Returns whether the body is where it must be.
    fn here_document_body(&mut self, node: Node<'_>, document: &heredoc::HereDocument) -> bool {
        if document.expands {
            let mut expansions = Vec::new();
            self.nested_expansions(node, &mut expansions);
            let ranges: Vec<Range<usize>> = expansions
                .into_iter()
                .map(|expansion| expansion.range)
                .collect();
            if !heredoc::is_verified(self.line, document.body.clone(), &ranges) {
                self.unclear(node, DISAGREEMENT);
            }
        }
        node.end_byte() <= document.body.end
    }
}

fn is_statement(kind: &str) -> bool {
    kind.ends_with("_statement")
        || kind.ends_with("_command")
        || matches!(
            kind,
            "command" | "list" | "subshell" | "function_definition"
        )
}
