//! `trace`: shows the history.

use loom_common_spool::repository::{
    EdgeKind, KnotId, Repository, RepositoryError, Stitch, TraceEntry, TraceOrder, TraceQuery,
};

use crate::arguments::TraceArguments;
use crate::diff::Drawing;
use crate::document;
use crate::error::SpoolCommandError;
use crate::graph::{Graph, Line};
use crate::page::Page;
use crate::palette;
use crate::paths::ShownPaths;
use crate::stitch_line;
use crate::workbench::{Workbench, glyph};

/// What stands in a graph: a stitch, or the gap before it.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Place {
    At(KnotId),
    GapBefore(KnotId),
}

pub(super) fn run(
    bench: &mut Workbench<'_, '_>,
    arguments: &TraceArguments,
) -> Result<(), SpoolCommandError> {
    let repository = bench.open()?;
    let is_flat = arguments.no_graph || bench.voice.is_json() || arguments.count;
    let query = TraceQuery {
        revset: union(&arguments.revisions),
        paths: arguments.paths.clone(),
        limit: arguments.limit,
        order: match (is_flat, arguments.reversed) {
            (true, false) => TraceOrder::Flat,
            (true, true) => TraceOrder::FlatReversed,
            (false, false) => TraceOrder::Graph,
            (false, true) => TraceOrder::GraphReversed,
        },
    };
    if arguments.count {
        let count = repository.trace(&query)?.count();
        let mut page = bench.voice.page();
        page.say(&format!("{count}\n"));
        return bench.voice.print(page);
    }
    let drawing = match Drawing::asked(&arguments.diff) {
        None if arguments.patch => Some(Drawing::asked_or_words(&arguments.diff)),
        asked => asked,
    };
    let changes = Changes {
        drawing,
        paths: bench.paths(&repository),
        files: &arguments.paths,
    };
    let mut graph = (!is_flat).then(Graph::new);
    for entry in repository.trace(&query)? {
        let entry = entry?;
        if bench.voice.is_json() {
            let document = document::Stitch::from(&entry.stitch);
            bench.voice.print_json(&document)?;
            continue;
        }
        match &mut graph {
            Some(graph) => draw(bench, &repository, graph, &entry, &changes)?,
            None => {
                let mut page = bench.voice.page();
                stitch_line::head(&mut page, &entry.stitch, &bench.zone);
                changes.draw(&mut page, &repository, &entry.stitch)?;
                bench.voice.print(page)?;
            }
        }
    }
    Ok(())
}

/// What each stitch changed, if it is to be shown.
struct Changes<'a> {
    drawing: Option<Drawing>,
    paths: ShownPaths,
    /// Only these files.
    files: &'a [String],
}

impl Changes<'_> {
    fn draw(
        &self,
        page: &mut Page,
        repository: &Repository,
        stitch: &Stitch,
    ) -> Result<(), RepositoryError> {
        let Some(drawing) = &self.drawing else {
            return Ok(());
        };
        let comparison = repository.changes_of(&stitch.knot, self.files)?;
        drawing.draw(page, &comparison, &self.paths)
    }
}

/// Draws a stitch and, where stitches below are left out, the gap.
fn draw(
    bench: &mut Workbench<'_, '_>,
    repository: &Repository,
    graph: &mut Graph<Place>,
    entry: &TraceEntry,
    changes: &Changes<'_>,
) -> Result<(), SpoolCommandError> {
    let mut lines = Vec::new();
    let mut gaps = Vec::new();
    let mut leads_nowhere = false;
    for edge in &entry.edges {
        match edge.kind {
            EdgeKind::Direct => lines.push(Line::Parent(Place::At(edge.target.clone()))),
            EdgeKind::Indirect => {
                lines.push(Line::Parent(Place::GapBefore(edge.target.clone())));
                gaps.push(edge.target.clone());
            }
            EdgeKind::Missing => leads_nowhere = true,
        }
    }
    if leads_nowhere {
        lines.push(Line::Nowhere);
    }
    let stitch = &entry.stitch;
    let is_current = repository.shuttle().as_ref() == Some(&stitch.knot);
    let (sign, style) = glyph(stitch, is_current);
    let mut signed = bench.voice.page();
    signed.say_in(style, sign);
    let mut text = bench.voice.page();
    stitch_line::head(&mut text, stitch, &bench.zone);
    changes.draw(&mut text, repository, stitch)?;
    let row = graph.row(
        Place::At(stitch.knot.clone()),
        lines,
        &signed.into_text(),
        &text.into_text(),
    );
    let mut page = bench.voice.page();
    page.say(&row);
    for gap in gaps {
        let mut text = bench.voice.page();
        text.say_in(palette::FAINT, "(stitches left out)").say("\n");
        let mut sign = bench.voice.page();
        sign.say_in(palette::FAINT, "~");
        page.say(&graph.row(
            Place::GapBefore(gap.clone()),
            vec![Line::Parent(Place::At(gap))],
            &sign.into_text(),
            &text.into_text(),
        ));
    }
    bench.voice.print(page)
}

/// Puts several revsets into one.
pub(super) fn union(revsets: &[String]) -> Option<String> {
    match revsets {
        [] => None,
        [one] => Some(one.clone()),
        several => {
            let several: Vec<_> = several.iter().map(|revset| format!("({revset})")).collect();
            Some(several.join(" | "))
        }
    }
}
