//! Stitches in order, with the lines between them.

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream::LocalBoxStream;
use jj_lib::backend::CommitId;
use jj_lib::graph::{GraphEdge, GraphEdgeType, GraphNode, TopoGroupedGraph, reverse_graph};
use jj_lib::revset::{RevsetEvaluationError, RevsetExpression, RevsetFilterPredicate};
use pollster::FutureExt as _;

use super::Repository;
use super::doing::Doing as _;
use super::error::RepositoryError;
use super::id::KnotId;
use super::language::evaluate;
use super::stitch::{Stitch, StitchReader};

/// Which stitches are to be read, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceQuery {
    /// A revset; without one the setting `revsets.log`, or all stitches where there are paths.
    pub revset: Option<String>,
    /// Only stitches that change these paths, as filesets.
    pub paths: Vec<String>,
    /// At most as many.
    pub limit: Option<usize>,
    /// In which order.
    pub order: TraceOrder,
}

/// In which order stitches are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TraceOrder {
    /// Children before parents, each line of stitches together, with the lines between them.
    #[default]
    Graph,
    /// Parents before children, with the lines between them.
    GraphReversed,
    /// Children before parents, newest first, without lines.
    Flat,
    /// Parents before children, without lines.
    FlatReversed,
}

/// A stitch in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceEntry {
    /// The stitch.
    pub stitch: Stitch,
    /// The lines to stitches further down.
    pub edges: Vec<Edge>,
}

/// A line from a stitch to one further down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Where it leads.
    pub target: KnotId,
    /// What lies between.
    pub kind: EdgeKind,
}

/// What lies between the ends of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeKind {
    /// Nothing: the target is a parent.
    Direct,
    /// Stitches that are not shown: the target is an ancestor.
    Indirect,
    /// The target is a parent that is not shown, nor is any ancestor of it.
    Missing,
}

/// Stitches in order, read one after the other.
pub struct Trace<'a> {
    repository: &'a Repository,
    reader: StitchReader<'a>,
    nodes: LocalBoxStream<'a, Result<GraphNode<CommitId>, RevsetEvaluationError>>,
}

impl Iterator for Trace<'_> {
    type Item = Result<TraceEntry, RepositoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.nodes.try_next().block_on();
        let node = node.doing("find the stitches").transpose()?;
        Some(node.and_then(|node| self.read(node)))
    }
}

impl Trace<'_> {
    fn read(&self, (id, edges): GraphNode<CommitId>) -> Result<TraceEntry, RepositoryError> {
        let commit = self.repository.commit(&id)?;
        Ok(TraceEntry {
            stitch: self.reader.read(&commit)?,
            edges: edges.into_iter().map(Edge::from).collect(),
        })
    }
}

impl From<GraphEdge<CommitId>> for Edge {
    fn from(edge: GraphEdge<CommitId>) -> Self {
        Self {
            target: KnotId(edge.target),
            kind: match edge.edge_type {
                GraphEdgeType::Direct => EdgeKind::Direct,
                GraphEdgeType::Indirect => EdgeKind::Indirect,
                GraphEdgeType::Missing => EdgeKind::Missing,
            },
        }
    }
}

impl Repository {
    /// Reads stitches in order. Nothing is read before it is asked for.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Expression`] for a revset or paths that are not understood, and what
    /// reading can bring.
    pub fn trace(&self, query: &TraceQuery) -> Result<Trace<'_>, RepositoryError> {
        let repo = self.repo.as_ref();
        let mut stitches = match &query.revset {
            Some(revset) => self.resolve_expression(revset)?,
            None if query.paths.is_empty() => {
                self.resolve_expression(&self.text("revsets.log")?)?
            }
            None => RevsetExpression::all(),
        };
        if !query.paths.is_empty() {
            let paths = self.language.filesets(&query.paths)?;
            let predicate = RevsetFilterPredicate::File(paths);
            stitches = stitches.intersection(&RevsetExpression::filter(predicate));
        }
        let revset = evaluate(repo, &stitches)?;
        let limit = query.limit.unwrap_or(usize::MAX);
        let graph = matches!(query.order, TraceOrder::Graph | TraceOrder::GraphReversed);
        let nodes = if graph {
            let mut order = TopoGroupedGraph::new(revset.stream_graph(), |id| id);
            for first in self.prioritized(&stitches)? {
                order.prioritize_branch(first);
            }
            order.stream().take(limit).boxed_local()
        } else {
            let flat = revset.stream().take(limit);
            flat.map_ok(|id| (id, Vec::new())).boxed_local()
        };
        let nodes = match query.order {
            TraceOrder::Graph | TraceOrder::Flat => nodes,
            TraceOrder::GraphReversed => {
                let forward: Vec<_> = nodes.collect().block_on();
                let nodes = reverse_graph(forward.into_iter(), |id: &CommitId| id)
                    .doing("find the stitches")?;
                futures::stream::iter(nodes.into_iter().map(Ok)).boxed_local()
            }
            TraceOrder::FlatReversed => {
                let mut nodes: Vec<_> = nodes.collect().block_on();
                nodes.reverse();
                futures::stream::iter(nodes).boxed_local()
            }
        };
        Ok(Trace {
            repository: self,
            reader: StitchReader::new(self)?,
            nodes,
        })
    }

    /// Finds the stitches whose lines are to come first.
    fn prioritized(
        &self,
        stitches: &super::language::Resolved,
    ) -> Result<Vec<CommitId>, RepositoryError> {
        let first = self.resolve_expression(&self.text("revsets.log-graph-prioritize")?)?;
        let both = first.intersection(stitches);
        super::language::evaluate_all(self.repo.as_ref(), &both)
    }
}
