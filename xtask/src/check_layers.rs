//! `cargo xtask check-layers`: dependencies between workspace crates go down the layers.
//!
//! Every crate has a place in the table of [`table`]: a row, and the columns that it may be built from.
//! An edge is allowed when it stays in its row or goes down, and when the dependency brings in no column
//! that the dependent crate is not a part of. Because that holds for each edge, it holds for each path:
//! the CLI cannot come to contain the server through a shared crate. Dependencies of tests and build
//! scripts obey the same rules; only the test support crate stands beside them.

mod table;
#[cfg(test)]
mod tests;

use std::fmt;

use anyhow::bail;
use cargo_metadata::{DependencyKind, Metadata};

use self::table::{Place, rules_for};
use crate::workspace::Workspace;

const TABLE_PATH: &str = "xtask/src/check_layers/table.rs";

/// Checks the workspace, and fails with every violation.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let crates = workspace_crates(&workspace.metadata);
    let violations = violations(&crates);
    if violations.is_empty() {
        let edges: usize = crates.iter().map(|krate| krate.dependencies.len()).sum();
        println!(
            "{} crates, {edges} dependencies between them: all go down the layers",
            crates.len()
        );
        return Ok(());
    }
    for violation in &violations {
        eprintln!("error: {violation}\n");
    }
    bail!(
        "{} against the layers (docs/ARCHITECTURE.md, \"Layers\")",
        violations.len()
    )
}

/// A workspace crate, and its dependencies on other workspace crates.
struct Crate {
    name: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    kind: DependencyKind,
}

/// One thing that is wrong with the workspace's crates or an edge between them.
#[derive(Debug, PartialEq, Eq)]
enum Violation {
    /// The crate is not in the table.
    Unknown { name: String },
    /// The crate matches several patterns of the table.
    Ambiguous {
        name: String,
        patterns: Vec<&'static str>,
    },
    /// The dependency stands in a higher row.
    Upwards(Edge),
    /// The dependency belongs to a column that the crate is not a part of.
    Sideways(Edge),
    /// The test support crate is used by more than tests.
    TestSupport(Edge),
}

/// A dependency of one crate on another, each with its place.
#[derive(Debug, PartialEq, Eq)]
struct Edge {
    from: (String, Place),
    to: (String, Place),
    kind: DependencyKind,
}

fn workspace_crates(metadata: &Metadata) -> Vec<Crate> {
    let packages = metadata.workspace_packages();
    let is_member = |name: &str| packages.iter().any(|package| package.name == name);
    packages
        .iter()
        .map(|package| Crate {
            name: package.name.to_string(),
            dependencies: package
                .dependencies
                .iter()
                .filter(|dependency| dependency.path.is_some() && is_member(&dependency.name))
                .map(|dependency| Dependency {
                    name: dependency.name.clone(),
                    kind: dependency.kind,
                })
                .collect(),
        })
        .collect()
}

fn violations(crates: &[Crate]) -> Vec<Violation> {
    let of_names = crates.iter().filter_map(|krate| place(&krate.name).err());
    let of_edges = crates.iter().flat_map(|krate| {
        krate.dependencies.iter().filter_map(|dependency| {
            // A crate without a place is reported once, not again for each of its edges.
            let from = place(&krate.name).ok()?;
            let to = place(&dependency.name).ok()?;
            edge_violation(Edge {
                from: (krate.name.clone(), from),
                to: (dependency.name.clone(), to),
                kind: dependency.kind,
            })
        })
    });
    of_names.chain(of_edges).collect()
}

fn place(name: &str) -> Result<Place, Violation> {
    match rules_for(name).as_slice() {
        [rule] => Ok(rule.place),
        [] => Err(Violation::Unknown {
            name: name.to_owned(),
        }),
        rules => Err(Violation::Ambiguous {
            name: name.to_owned(),
            patterns: rules.iter().map(|rule| rule.pattern).collect(),
        }),
    }
}

fn edge_violation(edge: Edge) -> Option<Violation> {
    match (edge.from.1, edge.to.1) {
        (Place::TestSupport, _) => None,
        (_, Place::TestSupport) => {
            (edge.kind != DependencyKind::Development).then_some(Violation::TestSupport(edge))
        }
        (Place::Layer(from_row, from_columns), Place::Layer(to_row, to_columns)) => {
            if !to_columns
                .iter()
                .all(|column| from_columns.contains(column))
            {
                Some(Violation::Sideways(edge))
            } else if to_row > from_row {
                Some(Violation::Upwards(edge))
            } else {
                None
            }
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name } => write!(
                f,
                "{name} has no place in the layers\n  \
                 fix: add it to RULES in {TABLE_PATH}, in the lowest row that can hold it"
            ),
            Self::Ambiguous { name, patterns } => write!(
                f,
                "{name} has more than one place in the layers: it matches {}\n  \
                 fix: add its full name to RULES in {TABLE_PATH}; a name goes before patterns",
                patterns.join(" and ")
            ),
            Self::Upwards(edge) => write!(
                f,
                "{edge}: that goes up the layers\n  \
                 fix: move what {} needs into a crate of its own row or below, or let {} hand it in",
                edge.from.0, edge.to.0
            ),
            Self::Sideways(edge) => write!(
                f,
                "{edge}: that goes sideways between the columns\n  \
                 fix: move what both need into a crate without a column (rows 0 to 2), \
                 or talk to the server through its API"
            ),
            Self::TestSupport(edge) => write!(
                f,
                "{edge}: no product crate contains test support\n  \
                 fix: list it in [dev-dependencies] of {}",
                edge.from.0
            ),
        }
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            DependencyKind::Development => " (in tests)",
            DependencyKind::Build => " (in its build script)",
            _ => "",
        };
        let ((from, from_place), (to, to_place)) = (&self.from, &self.to);
        write!(
            f,
            "{from} [{from_place}] depends on {to} [{to_place}]{kind}"
        )
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TestSupport => f.write_str("test support"),
            Self::Layer(row, columns) => {
                write!(f, "{row}")?;
                for (index, column) in columns.iter().enumerate() {
                    write!(f, "{}{column}", if index == 0 { ", " } else { " and " })?;
                }
                Ok(())
            }
        }
    }
}
