//! What Markdown means, apart from any width and any colour: blocks of spans.

use std::rc::Rc;

use loom_tui_core::SafeText;
use loom_tui_theme::Role;

/// A block with what stands between it and the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Whether an empty row goes before it, unless it is the first.
    pub(crate) gap: bool,
    /// Where it begins in the text that was parsed, in bytes.
    pub(crate) at: usize,
    pub(crate) block: Block,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Paragraph(Inline),
    Heading {
        /// One to six.
        level: u8,
        text: Inline,
    },
    Code(Code),
    /// Lines that are shown as they are.
    Html(Vec<String>),
    Quote {
        alert: Option<Alert>,
        blocks: Vec<Placed>,
    },
    List(List),
    Table(Table),
    Rule,
    /// Where a reference leads. It is shown, since text above it may refer to it.
    Definition {
        label: String,
        address: String,
    },
    Footnote {
        label: String,
        blocks: Vec<Placed>,
    },
}

/// What a quotation of GitHub's kinds wants from the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alert {
    Note,
    Tip,
    Important,
    Warning,
    Caution,
}

impl Alert {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Note => "Note",
            Self::Tip => "Tip",
            Self::Important => "Important",
            Self::Warning => "Warning",
            Self::Caution => "Caution",
        }
    }

    pub(crate) const fn role(self) -> Role {
        match self {
            Self::Note => Role::Info,
            Self::Tip => Role::Success,
            Self::Important => Role::Accent,
            Self::Warning => Role::Warning,
            Self::Caution => Role::Error,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    /// The number of the first item; none has a list of bullets.
    pub(crate) start: Option<u64>,
    pub(crate) items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) gap: bool,
    pub(crate) task: Option<Task>,
    pub(crate) blocks: Vec<Placed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Open,
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) alignments: Vec<Alignment>,
    pub(crate) head: Vec<Inline>,
    pub(crate) rows: Vec<Vec<Inline>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alignment {
    Left,
    Center,
    Right,
}

/// Lines of code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) language: Option<String>,
    /// Whether the lines go on with the code of the block before.
    pub(crate) continues: bool,
    pub(crate) lines: Vec<CodeLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeLine {
    /// Safe to draw.
    pub(crate) text: String,
    /// What parts of it are; empty as long as that is not known.
    pub(crate) tokens: Vec<Token>,
}

impl CodeLine {
    /// Makes a line of which nothing is known yet.
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: SafeText::new(text).as_str().replace('\n', " "),
            tokens: Vec::new(),
        }
    }
}

/// A piece of a line of code: from the end of the piece before to here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) end: usize,
    pub(crate) role: Role,
}

/// Text that flows, in lines that the author broke.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inline {
    pub(crate) spans: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// A line end breaks the line.
    pub(crate) text: String,
    pub(crate) look: SpanLook,
    /// Where a click leads.
    pub(crate) link: Option<Rc<str>>,
}

/// What is said of a piece of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpanLook {
    pub(crate) strong: bool,
    pub(crate) emphasis: bool,
    pub(crate) strike: bool,
    pub(crate) kind: SpanKind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SpanKind {
    #[default]
    Text,
    Code,
    Link,
    /// What was added to the author's words, and markup that is not carried out.
    Aside,
}

/// Calls for each block of code, those inside of others, too, in the order of the text.
pub(crate) fn for_each_code(blocks: &mut [Placed], visit: &mut impl FnMut(&mut Code)) {
    for placed in blocks {
        match &mut placed.block {
            Block::Code(code) => visit(code),
            Block::Quote { blocks, .. } | Block::Footnote { blocks, .. } => {
                for_each_code(blocks, visit);
            }
            Block::List(list) => {
                for item in &mut list.items {
                    for_each_code(&mut item.blocks, visit);
                }
            }
            Block::Paragraph(_)
            | Block::Heading { .. }
            | Block::Html(_)
            | Block::Table(_)
            | Block::Rule
            | Block::Definition { .. } => {}
        }
    }
}
