//! The layers: which crate stands in which row and column. `docs/ARCHITECTURE.md` explains them.

use std::fmt;

/// A row of the layer table. The order is the order of the table, from the bottom up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Row {
    Common,
    SharedTypes,
    Clients,
    Foundations,
    Features,
    Composition,
    Programs,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Common => "common",
            Self::SharedTypes => "shared types and utilities",
            Self::Clients => "clients",
            Self::Foundations => "foundations of a column",
            Self::Features => "features",
            Self::Composition => "composition",
            Self::Programs => "programs",
        };
        write!(f, "row {}, {name}", *self as u8)
    }
}

/// A part of the product that the other parts must not be built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Cli,
    Server,
    Tui,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cli => "CLI",
            Self::Server => "server",
            Self::Tui => "TUI",
        })
    }
}

/// Where a crate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a row, and in the columns that it may be built from. Most crates of a column name just their
    /// own; a crate with none is shared by all.
    Layer(Row, &'static [Column]),
    /// Beside the layers: may use every crate, and is used by tests only.
    TestSupport,
}

/// A crate name, or a pattern with one `*`, and the place of the crates that it matches.
pub(super) struct Rule {
    pub(super) pattern: &'static str,
    pub(super) place: Place,
}

impl Rule {
    fn is_name(&self) -> bool {
        !self.pattern.contains('*')
    }

    fn matches(&self, name: &str) -> bool {
        match self.pattern.split_once('*') {
            None => self.pattern == name,
            Some((start, end)) => {
                name.len() > start.len() + end.len()
                    && name.starts_with(start)
                    && name.ends_with(end)
            }
        }
    }
}

/// Returns the rules that a crate's name matches. A rule with the very name goes before all patterns.
pub(super) fn rules_for(name: &str) -> Vec<&'static Rule> {
    let by_name = RULES
        .iter()
        .find(|rule| rule.is_name() && rule.matches(name));
    match by_name {
        Some(rule) => vec![rule],
        None => RULES.iter().filter(|rule| rule.matches(name)).collect(),
    }
}

const fn layer(pattern: &'static str, row: Row, columns: &'static [Column]) -> Rule {
    Rule {
        pattern,
        place: Place::Layer(row, columns),
    }
}

const SHARED: &[Column] = &[];
const CLI: &[Column] = &[Column::Cli];
const SERVER: &[Column] = &[Column::Server];
const TUI: &[Column] = &[Column::Tui];

const RULES: &[Rule] = &[
    // The one program of two columns: it puts the full-screen interface over the agent's session.
    layer("loom-cli", Row::Programs, &[Column::Cli, Column::Tui]),
    layer("loom-server", Row::Programs, SERVER),
    layer("loom-weaver-audit-sidecar", Row::Programs, SHARED),
    layer("loom-weaver-wgtunnel", Row::Programs, SHARED),
    layer("loom-tui-storybook", Row::Programs, TUI),
    layer("xtask", Row::Programs, SHARED),
    layer("loom-server-api", Row::Composition, SERVER),
    layer("loom-tui-app", Row::Composition, TUI),
    layer("loom-server-*", Row::Features, SERVER),
    layer("loom-cli-*", Row::Features, CLI),
    layer("loom-tui-widget-*", Row::Features, TUI),
    layer("loom-server-config", Row::Foundations, SERVER),
    layer("loom-server-db", Row::Foundations, SERVER),
    layer("loom-cli-config", Row::Foundations, CLI),
    layer("loom-tui-component", Row::Foundations, TUI),
    layer("loom-tui-core", Row::Foundations, TUI),
    layer("loom-tui-testing", Row::Foundations, TUI),
    layer("loom-tui-theme", Row::Foundations, TUI),
    layer("loom-weaver-ebpf", Row::Foundations, SHARED),
    layer("loom-weaver-secrets", Row::Foundations, SHARED),
    layer("loom-wgtunnel-conn", Row::Foundations, SHARED),
    layer("loom-wgtunnel-derp", Row::Foundations, SHARED),
    layer("loom-wgtunnel-engine", Row::Foundations, SHARED),
    layer("loom-analytics", Row::Clients, SHARED),
    layer("loom-crash", Row::Clients, SHARED),
    layer("loom-crash-symbolicate", Row::Clients, SHARED),
    layer("loom-crons", Row::Clients, SHARED),
    layer("loom-flags", Row::Clients, SHARED),
    // A client of the server, not a part of it: the one server-named crate that the CLI may use.
    layer("loom-server-llm-proxy", Row::Clients, SHARED),
    layer("loom-*-core", Row::SharedTypes, SHARED),
    layer("loom-jobs", Row::SharedTypes, SHARED),
    layer("loom-redact", Row::SharedTypes, SHARED),
    layer("loom-scim", Row::SharedTypes, SHARED),
    layer("loom-wgtunnel-common", Row::SharedTypes, SHARED),
    layer("loom-whatsapp", Row::SharedTypes, SHARED),
    layer("loom-common-*", Row::Common, SHARED),
    layer("loom-common-core", Row::Common, SHARED),
    Rule {
        pattern: "loom-testing",
        place: Place::TestSupport,
    },
];
