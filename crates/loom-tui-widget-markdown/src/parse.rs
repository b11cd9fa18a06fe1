//! From a part of a document to blocks: what `pulldown-cmark` reports, put together.

use std::collections::HashMap;
use std::ops::Range;

use pulldown_cmark::{
    Alignment as Column, BlockQuoteKind, BrokenLink, CodeBlockKind, CowStr, Event, Options, Parser,
    Tag, TagEnd,
};

use crate::address::Hyperlinks;
use crate::block::{Alert, Alignment, Block, Code, CodeLine, Item, List, Placed, Table, Task};
use crate::inline::InlineBuilder;

/// Containers further inside are taken for the one that they are in.
const DEEPEST: usize = 24;
/// The most definitions of references that are remembered.
const MOST_DEFINITIONS: usize = 4096;

/// What is understood beyond CommonMark.
pub(crate) const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_GFM);

/// Where references lead that were defined so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Definitions(HashMap<String, String>);

impl Definitions {
    fn get(&self, label: &str) -> Option<&String> {
        self.0.get(&normalized(label))
    }

    /// Adds one, unless there is one with its label: the first counts.
    pub(crate) fn add(&mut self, label: &str, address: &str) {
        if self.0.len() < MOST_DEFINITIONS {
            let label = normalized(label);
            self.0.entry(label).or_insert_with(|| address.to_owned());
        }
    }
}

/// Labels match without regard to case and to the kind of white space.
fn normalized(label: &str) -> String {
    let words: Vec<&str> = label.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// How a part of a document goes on from what was before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Continuation {
    /// The part begins with an item of the list that the part before ended with.
    pub(crate) list: Option<NextItem>,
    /// The line before the part is blank.
    pub(crate) after_blank: bool,
}

/// An item of a list that has others before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NextItem {
    /// Its number, if the list has numbers.
    pub(crate) number: Option<u64>,
}

/// Parses a part of a document, and remembers the definitions that it holds.
pub(crate) fn parse(
    text: &str,
    continuation: Continuation,
    definitions: &Definitions,
    hyperlinks: Hyperlinks,
) -> Parsed {
    let mut resolve = |link: BrokenLink<'_>| {
        let address = definitions.get(&link.reference)?;
        Some((CowStr::from(address.clone()), CowStr::from("")))
    };
    let parser = Parser::new_with_broken_link_callback(text, OPTIONS, Some(&mut resolve));
    let mut found: Vec<(usize, String, String)> = parser
        .reference_definitions()
        .iter()
        .map(|(label, def)| (def.span.start, label.to_owned(), def.dest.to_string()))
        .collect();
    found.sort();
    let mut builder = Builder {
        source: text,
        continuation,
        hyperlinks,
        stack: vec![Container::new(Kind::Root, 0)],
        skipped: 0,
        inline: None,
        table: None,
        verbatim: None,
        first_list: continuation.list.is_some(),
    };
    for (event, range) in parser.into_offset_iter() {
        builder.take(event, range);
    }
    let mut blocks = builder.finish();
    let mut parsed = Parsed::default();
    for (at, label, address) in found {
        let block = Block::Definition {
            label: label.clone(),
            address: address.clone(),
        };
        blocks.push(Placed {
            gap: true,
            at,
            block,
        });
        parsed.definitions.push((label, address));
    }
    blocks.sort_by_key(|placed| placed.at);
    let is_definition = |placed: &Placed| matches!(placed.block, Block::Definition { .. });
    for index in 1..blocks.len() {
        if is_definition(&blocks[index - 1]) && is_definition(&blocks[index]) {
            blocks[index].gap = starts_after_blank(text, blocks[index].at, true);
        }
    }
    parsed.blocks = blocks;
    parsed
}

/// What stands in a part of a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) blocks: Vec<Placed>,
    /// Labels and addresses.
    pub(crate) definitions: Vec<(String, String)>,
}

/// Whether the line before the one of a place is blank, inside of quotations, too.
fn starts_after_blank(text: &str, at: usize, before_text: bool) -> bool {
    let Some(end) = text[..at].rfind('\n') else {
        return before_text;
    };
    is_blank_line(last_line(&text[..end]))
}

/// Whether a text has only blank lines. Other white space than spaces and tabs is text (CommonMark 2.1).
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\n'))
}

/// Whether a text ends with a blank line.
pub(crate) fn ends_blank(text: &str) -> bool {
    text.strip_suffix('\n')
        .is_some_and(|text| is_blank_line(last_line(text)))
}

fn last_line(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or(text)
}

fn is_blank_line(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'>'))
}

/// A block that holds others.
struct Container {
    kind: Kind,
    at: usize,
    gap: bool,
    blocks: Vec<Placed>,
    items: Vec<Item>,
}

enum Kind {
    Root,
    Quote(Option<Alert>),
    List(Option<u64>),
    Item(Option<Task>),
    Footnote(String),
}

impl Container {
    const fn new(kind: Kind, at: usize) -> Self {
        Self {
            kind,
            at,
            gap: false,
            blocks: Vec::new(),
            items: Vec::new(),
        }
    }
}

/// Code or HTML as it is written.
struct Verbatim {
    at: usize,
    language: Option<String>,
    is_code: bool,
    text: String,
}

struct Builder<'a> {
    source: &'a str,
    continuation: Continuation,
    hyperlinks: Hyperlinks,
    stack: Vec<Container>,
    /// Containers that are open and too deep.
    skipped: usize,
    inline: Option<(usize, InlineBuilder)>,
    table: Option<(usize, Table)>,
    verbatim: Option<Verbatim>,
    /// Whether the next list is one that began before this part.
    first_list: bool,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range.start),
            Event::End(tag) => self.end(tag),
            Event::Rule => {
                self.end_paragraph();
                self.place(range.start, Block::Rule);
            }
            Event::TaskListMarker(done) => {
                let task = if done { Task::Done } else { Task::Open };
                if let Some(Container {
                    kind: Kind::Item(slot),
                    ..
                }) = self.stack.last_mut()
                {
                    *slot = Some(task);
                }
            }
            Event::Text(text) | Event::Html(text) if self.verbatim.is_some() => {
                if let Some(verbatim) = &mut self.verbatim {
                    verbatim.text.push_str(&text);
                }
            }
            other => self.inline(range.start).take(other),
        }
    }

    /// Returns the text that flows here; in a tight item nothing announces it.
    fn inline(&mut self, at: usize) -> &mut InlineBuilder {
        let hyperlinks = self.hyperlinks;
        &mut self
            .inline
            .get_or_insert_with(|| (at, InlineBuilder::new(hyperlinks)))
            .1
    }

    fn start(&mut self, tag: Tag<'_>, at: usize) {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } | Tag::TableCell => {
                self.end_paragraph();
                self.inline(at);
            }
            Tag::BlockQuote(kind) => self.open(Kind::Quote(kind.map(alert)), at),
            Tag::List(start) => {
                let start = match self.continuation.list {
                    Some(next) if std::mem::take(&mut self.first_list) => next.number,
                    _ => start,
                };
                self.open(Kind::List(start), at);
            }
            Tag::Item => self.open(Kind::Item(None), at),
            Tag::FootnoteDefinition(label) => self.open(Kind::Footnote(label.to_string()), at),
            Tag::CodeBlock(kind) => {
                self.end_paragraph();
                self.verbatim = Some(Verbatim {
                    at,
                    language: match kind {
                        CodeBlockKind::Fenced(info) => language(&info),
                        CodeBlockKind::Indented => None,
                    },
                    is_code: true,
                    text: String::new(),
                });
            }
            Tag::HtmlBlock => {
                self.end_paragraph();
                self.verbatim = Some(Verbatim {
                    at,
                    language: None,
                    is_code: false,
                    text: String::new(),
                });
            }
            Tag::Table(columns) => {
                self.end_paragraph();
                let table = Table {
                    alignments: columns.into_iter().map(alignment).collect(),
                    head: Vec::new(),
                    rows: Vec::new(),
                };
                self.table = Some((at, table));
            }
            Tag::TableRow => {
                if let Some((_, table)) = &mut self.table {
                    table.rows.push(Vec::new());
                }
            }
            Tag::TableHead => {}
            other => self.inline(at).take(Event::Start(other)),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.end_paragraph(),
            TagEnd::Heading(level) => {
                if let Some((at, text)) = self.inline.take() {
                    let level = level as u8;
                    self.place(
                        at,
                        Block::Heading {
                            level,
                            text: text.finish(),
                        },
                    );
                }
            }
            TagEnd::TableCell => {
                let cell = self.inline.take().map(|(_, cell)| cell.finish());
                if let (Some((_, table)), Some(cell)) = (&mut self.table, cell) {
                    table.rows.last_mut().unwrap_or(&mut table.head).push(cell);
                }
            }
            TagEnd::Table => {
                if let Some((at, table)) = self.table.take() {
                    self.place(at, Block::Table(table));
                }
            }
            TagEnd::CodeBlock | TagEnd::HtmlBlock => self.end_verbatim(),
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item | TagEnd::FootnoteDefinition => {
                self.close()
            }
            TagEnd::TableHead | TagEnd::TableRow => {}
            other => self.inline(0).take(Event::End(other)),
        }
    }

    fn end_paragraph(&mut self) {
        if let Some((at, text)) = self.inline.take() {
            self.place(at, Block::Paragraph(text.finish()));
        }
    }

    fn end_verbatim(&mut self) {
        let Some(verbatim) = self.verbatim.take() else {
            return;
        };
        let text = verbatim.text.strip_suffix('\n').unwrap_or(&verbatim.text);
        if text.is_empty() && verbatim.text.is_empty() {
            return;
        }
        let block = if verbatim.is_code {
            Block::Code(Code {
                language: verbatim.language,
                continues: false,
                lines: text.split('\n').map(CodeLine::new).collect(),
            })
        } else {
            Block::Html(text.split('\n').map(str::to_owned).collect())
        };
        self.place(verbatim.at, block);
    }

    fn place(&mut self, at: usize, block: Block) {
        let gap = self.gap(at);
        if let Some(container) = self.stack.last_mut() {
            container.blocks.push(Placed { gap, at, block });
        }
    }

    /// Whether an empty row goes before a block. In items it does where the author has left one, so
    /// that the row does not depend on what comes later: whether a list is tight or loose does.
    fn gap(&self, at: usize) -> bool {
        match self.stack.last().map(|container| &container.kind) {
            Some(Kind::Item(_) | Kind::List(_)) => {
                starts_after_blank(self.source, at, self.continuation.after_blank)
            }
            Some(Kind::Root) if self.goes_on_with_list() => self.continuation.after_blank,
            _ => true,
        }
    }

    /// Whether what comes now goes on with a list of the part before.
    fn goes_on_with_list(&self) -> bool {
        self.continuation.list.is_some()
            && self
                .stack
                .iter()
                .all(|container| container.blocks.is_empty())
    }

    fn open(&mut self, kind: Kind, at: usize) {
        self.end_paragraph();
        if self.stack.len() > DEEPEST {
            self.skipped += 1;
            return;
        }
        let gap = self.gap(at);
        self.stack.push(Container {
            gap,
            ..Container::new(kind, at)
        });
    }

    fn close(&mut self) {
        self.end_paragraph();
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        let Some(closed) = self.stack.pop() else {
            return;
        };
        let Some(parent) = self.stack.last_mut() else {
            self.stack.push(closed);
            return;
        };
        let block = match closed.kind {
            Kind::Item(task) => {
                parent.items.push(Item {
                    gap: closed.gap,
                    task,
                    blocks: closed.blocks,
                });
                return;
            }
            Kind::List(start) => Block::List(List {
                start,
                items: closed.items,
            }),
            Kind::Quote(alert) => Block::Quote {
                alert,
                blocks: closed.blocks,
            },
            Kind::Footnote(label) => Block::Footnote {
                label,
                blocks: closed.blocks,
            },
            Kind::Root => return,
        };
        parent.blocks.push(Placed {
            gap: closed.gap,
            at: closed.at,
            block,
        });
    }

    fn finish(mut self) -> Vec<Placed> {
        self.end_paragraph();
        self.stack.truncate(1);
        self.stack.pop().map_or_else(Vec::new, |root| root.blocks)
    }
}

/// Returns the language that a fence names.
pub(crate) fn language(info: &str) -> Option<String> {
    let name = info
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | ':'))
        .find(|name| !name.is_empty())?;
    Some(name.to_lowercase())
}

const fn alert(kind: BlockQuoteKind) -> Alert {
    match kind {
        BlockQuoteKind::Note => Alert::Note,
        BlockQuoteKind::Tip => Alert::Tip,
        BlockQuoteKind::Important => Alert::Important,
        BlockQuoteKind::Warning => Alert::Warning,
        BlockQuoteKind::Caution => Alert::Caution,
    }
}

const fn alignment(column: Column) -> Alignment {
    match column {
        Column::None | Column::Left => Alignment::Left,
        Column::Center => Alignment::Center,
        Column::Right => Alignment::Right,
    }
}
