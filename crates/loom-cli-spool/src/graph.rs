//! The lines and knots left of a list: who comes from whom.

use std::hash::Hash;

use renderdag::{Ancestor, GraphRowRenderer, Renderer};

/// A line from an entry of a list down to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line<K> {
    /// To a parent.
    Parent(K),
    /// To something that is left out.
    Nowhere,
}

/// A list that is being drawn, entry by entry.
pub(crate) struct Graph<K: Clone + Eq + Hash> {
    renderer: Box<dyn Renderer<K, Output = String>>,
}

impl<K: Clone + Eq + Hash + 'static> Graph<K> {
    pub(crate) fn new() -> Self {
        let renderer = GraphRowRenderer::new().output().with_min_row_height(0);
        Self {
            renderer: Box::new(renderer.build_box_drawing()),
        }
    }

    /// Draws an entry: its glyph, its text on the right, and the lines below.
    pub(crate) fn row(&mut self, key: K, lines: Vec<Line<K>>, glyph: &str, text: &str) -> String {
        let parents = ancestors(lines);
        // The library drops the text's last line end, and adds one.
        self.renderer
            .next_row(key, parents, glyph.to_owned(), text.to_owned())
    }
}

fn ancestors<K>(lines: Vec<Line<K>>) -> Vec<Ancestor<K>> {
    lines
        .into_iter()
        .map(|line| match line {
            Line::Parent(key) => Ancestor::Parent(key),
            Line::Nowhere => Ancestor::Anonymous,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_gaps_and_edges_of_the_list_are_drawn() {
        let mut graph = Graph::new();
        let mut text = String::new();
        for (key, lines, glyph) in [
            ("d", vec![Line::Parent("c"), Line::Parent("a")], "@"),
            ("c", vec![Line::Parent("b")], "○"),
            ("b", vec![Line::Nowhere], "○"),
            ("a", vec![], "◆"),
        ] {
            text += &graph.row(key, lines, glyph, &format!("entry {key}\nmore of {key}"));
        }
        insta::assert_snapshot!(text);
    }
}
