//! What pieces of the screen mean ([`Role`]) and which colours a theme has ([`Swatch`]).

use ratatui::style::Modifier;

/// Defines an enum whose variants have names in TOML, and the list of all.
macro_rules! named {
    (
        $(#[$meta:meta])*
        $name:ident { $( $(#[$doc:meta])* $variant:ident = $text:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $( $(#[$doc])* $variant, )*
        }

        impl $name {
            /// All there are, in the order of their discriminants.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// Returns the name that themes use.
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$variant => $text, )*
                }
            }

            /// Finds the one with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $( $text => Some(Self::$variant), )*
                    _ => None,
                }
            }
        }
    };
}

named! {
    /// What a piece of the screen means.
    Role {
        /// What lies behind everything.
        Surface = "surface",
        /// What is to be read.
        Text = "text",
        /// What is to be read second: times, paths, folded output.
        Muted = "muted",
        /// What may be overlooked: key hints, placeholders.
        Hint = "hint",
        /// What the eye should find: the prompt's mark, the chosen tab.
        Accent = "accent",
        /// A heading.
        Heading = "heading",
        /// Strong words of a text.
        Strong = "strong",
        /// Emphasised words of a text.
        Emphasis = "emphasis",
        /// An address that can be followed.
        Link = "link",
        /// A quotation.
        Quote = "quote",
        /// It went well.
        Success = "success",
        /// Something needs a look.
        Warning = "warning",
        /// It went wrong.
        Error = "error",
        /// Good to know.
        Info = "info",
        /// What the person said.
        Person = "person",
        /// What the model thought.
        Reasoning = "reasoning",
        /// The name of a tool.
        Tool = "tool",
        /// A line that a change adds.
        Added = "added",
        /// A line that a change removes.
        Removed = "removed",
        /// The part of an added line that is new.
        AddedWord = "added-word",
        /// The part of a removed line that is gone.
        RemovedWord = "removed-word",
        /// The numbers of lines beside code and changes.
        LineNumber = "line-number",
        /// What is selected.
        Selection = "selection",
        /// What a search found.
        Match = "match",
        /// The characters of an entry that a fuzzy search matched.
        FuzzyMatch = "fuzzy-match",
        /// Lines around things.
        Border = "border",
        /// Lines around the thing that has the focus.
        BorderFocused = "border-focused",
        /// The track of a scroll bar.
        ScrollTrack = "scroll-track",
        /// The thumb of a scroll bar.
        ScrollThumb = "scroll-thumb",
        /// The line of state at the edge of the screen.
        StatusBar = "status-bar",
        /// What lies over the rest: dialogs, lists of completions.
        Overlay = "overlay",
        /// Code, where nothing more is known of it.
        Code = "code",
        /// A name or a command within a text.
        InlineCode = "inline-code",
        /// Code: a keyword.
        CodeKeyword = "code-keyword",
        /// Code: the name of a function.
        CodeFunction = "code-function",
        /// Code: the name of a type.
        CodeType = "code-type",
        /// Code: a string.
        CodeString = "code-string",
        /// Code: a number or another constant.
        CodeNumber = "code-number",
        /// Code: a comment.
        CodeComment = "code-comment",
        /// Code: brackets, operators.
        CodePunctuation = "code-punctuation",
        /// Code: an attribute, a macro, a directive.
        CodeAttribute = "code-attribute",
        /// Permission mode: only reads, and plans.
        ModePlan = "mode-plan",
        /// Permission mode: asks.
        ModeAsk = "mode-ask",
        /// Permission mode: edits by itself.
        ModeAuto = "mode-auto",
        /// Permission mode: does everything by itself.
        ModeFull = "mode-full",
    }
}

named! {
    /// A colour of a theme, by its job.
    Swatch {
        /// The background that the theme is made for.
        Background = "background",
        /// What lies over the background: bars, dialogs.
        Raised = "raised",
        /// Behind code.
        CodeGround = "code-ground",
        /// Behind what is selected.
        SelectionGround = "selection-ground",
        /// Behind added lines.
        AddedGround = "added-ground",
        /// Behind removed lines.
        RemovedGround = "removed-ground",
        /// Text.
        Foreground = "foreground",
        /// Text that comes second.
        Subdued = "subdued",
        /// Text that may be overlooked, and lines around things.
        Faint = "faint",
        /// Text on bright colours.
        Ink = "ink",
        /// Blue.
        Blue = "blue",
        /// Cyan.
        Cyan = "cyan",
        /// Green.
        Green = "green",
        /// Magenta.
        Magenta = "magenta",
        /// Orange.
        Orange = "orange",
        /// Red.
        Red = "red",
        /// Yellow.
        Yellow = "yellow",
    }
}

impl Role {
    /// Returns the sign that goes with the role where its colour carries meaning: `+` for an added
    /// line. Colour alone must never be what tells.
    pub const fn sign(self) -> Option<&'static str> {
        match self {
            Self::Added | Self::AddedWord => Some("+"),
            Self::Removed | Self::RemovedWord => Some("-"),
            Self::Success => Some("✓"),
            Self::Warning => Some("!"),
            Self::Error => Some("✗"),
            Self::Info => Some("i"),
            Self::ModePlan => Some("plan"),
            Self::ModeAsk => Some("ask"),
            Self::ModeAuto => Some("auto"),
            Self::ModeFull => Some("full"),
            _ => None,
        }
    }

    /// Returns what stands in for the colour on a terminal that shows none.
    pub(crate) const fn without_color(self) -> Modifier {
        match self {
            Self::Selection | Self::Match | Self::StatusBar => Modifier::REVERSED,
            Self::Heading
            | Self::Strong
            | Self::Accent
            | Self::Error
            | Self::Warning
            | Self::Person
            | Self::Tool
            | Self::BorderFocused
            | Self::CodeKeyword
            | Self::AddedWord
            | Self::RemovedWord
            | Self::ModeFull => Modifier::BOLD,
            Self::Link | Self::FuzzyMatch => Modifier::UNDERLINED,
            Self::Muted
            | Self::Hint
            | Self::Reasoning
            | Self::Border
            | Self::LineNumber
            | Self::ScrollTrack
            | Self::CodeComment => Modifier::DIM,
            Self::Emphasis | Self::Quote => Modifier::ITALIC,
            _ => Modifier::empty(),
        }
    }

    /// Returns the swatches that the role is drawn on; none where its look says so itself.
    pub(crate) const fn grounds(self) -> &'static [Swatch] {
        match self {
            Self::Surface => &[],
            Self::Code
            | Self::CodeKeyword
            | Self::CodeFunction
            | Self::CodeType
            | Self::CodeString
            | Self::CodeNumber
            | Self::CodeComment
            | Self::CodePunctuation
            | Self::CodeAttribute => &[
                Swatch::Background,
                Swatch::CodeGround,
                Swatch::AddedGround,
                Swatch::RemovedGround,
            ],
            Self::LineNumber => &[
                Swatch::Background,
                Swatch::AddedGround,
                Swatch::RemovedGround,
            ],
            Self::FuzzyMatch => &[Swatch::Background, Swatch::Raised, Swatch::SelectionGround],
            _ => &[Swatch::Background, Swatch::Raised],
        }
    }

    /// Whether the role paints lines and hints, which need less contrast than what must be read
    /// (WCAG 2.1, 1.4.11).
    pub(crate) const fn is_ornament(self) -> bool {
        matches!(
            self,
            Self::Hint
                | Self::Border
                | Self::BorderFocused
                | Self::ScrollTrack
                | Self::ScrollThumb
                | Self::LineNumber
        )
    }
}
