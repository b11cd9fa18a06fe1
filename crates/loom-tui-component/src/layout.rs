//! Who gets which part of the screen.

use loom_tui_core::{Moment, RenderContext};
use ratatui::layout::{Margin, Rect, Size};

use crate::{NodeId, Tree};

/// How long a component is along the rows or columns that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// So many cells.
    Cells(u16),
    /// As many rows as it needs for the width that it has, but not more than these. In columns it
    /// counts as [`Extent::Cells`].
    Fit {
        /// The most cells.
        most: u16,
    },
    /// A share of what the others leave.
    Share(u16),
}

/// Where a layer lies within the component that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placement {
    /// All over it.
    Whole,
    /// In the middle, at most so wide, and as high as it needs to be.
    Middle {
        /// The most columns.
        width: u16,
    },
    /// At the bottom, over all of the width, and as high as it needs to be.
    Bottom,
}

/// How a component arranges its children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Arrangement {
    /// One below the other.
    #[default]
    Rows,
    /// Side by side.
    Columns,
    /// One over the other; the last is on top.
    Layers,
}

/// How much room a component gets, and what it does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its length, where its parent arranges rows or columns.
    pub extent: Extent,
    /// Its place, where its parent arranges layers.
    pub placement: Placement,
    /// How it arranges its own children.
    pub arrangement: Arrangement,
    /// Cells around its children, such as for a border that it draws.
    pub padding: Margin,
}

impl Slot {
    /// Room of a length, for a component without children or with rows of them.
    pub const fn new(extent: Extent) -> Self {
        Self {
            extent,
            placement: Placement::Whole,
            arrangement: Arrangement::Rows,
            padding: Margin {
                horizontal: 0,
                vertical: 0,
            },
        }
    }

    /// A layer at a place.
    pub const fn layer(placement: Placement) -> Self {
        Self {
            placement,
            ..Self::new(Extent::Share(1))
        }
    }

    /// Arranges children in some way.
    #[must_use]
    pub const fn arranged(self, arrangement: Arrangement) -> Self {
        Self {
            arrangement,
            ..self
        }
    }

    /// Keeps cells around the children free.
    #[must_use]
    pub const fn padded(self, horizontal: u16, vertical: u16) -> Self {
        Self {
            padding: Margin {
                horizontal,
                vertical,
            },
            ..self
        }
    }
}

impl<O: 'static> Tree<O> {
    /// Gives every node its area.
    pub(crate) fn lay_out(&mut self, size: Size, now: Moment) {
        if let Some(root) = self.root {
            self.place(root, Rect::new(0, 0, size.width, size.height), false, now);
        }
    }

    fn place(&mut self, id: NodeId, area: Rect, hidden: bool, now: Moment) {
        let Some(node) = self.nodes.get_mut(&id) else {
            return;
        };
        let hidden = hidden || !self.shown.contains(&id);
        let area = if hidden { Rect::ZERO } else { area };
        if node.area != area || node.hidden != hidden {
            node.area = area;
            node.hidden = hidden;
            self.moved = true;
        }
        let inner = area.inner(node.slot.padding);
        let arrangement = node.slot.arrangement;
        let children = node.children.clone();
        let areas = match arrangement {
            Arrangement::Layers => self.layers(&children, inner, now),
            Arrangement::Rows | Arrangement::Columns => {
                self.line_up(&children, inner, arrangement, now)
            }
        };
        for (child, area) in children.into_iter().zip(areas) {
            self.place(child, area, hidden, now);
        }
    }

    fn layers(&self, children: &[NodeId], inner: Rect, now: Moment) -> Vec<Rect> {
        children
            .iter()
            .map(|&child| {
                let placement = self.slot(child).placement;
                let most = match placement {
                    Placement::Whole => return inner,
                    Placement::Middle { width } => width.min(inner.width),
                    Placement::Bottom => inner.width,
                };
                let height = self.height(child, most, now).min(inner.height);
                let left = (inner.width - most) / 2;
                let above = match placement {
                    Placement::Bottom => inner.height - height,
                    _ => (inner.height - height) / 2,
                };
                Rect::new(inner.x + left, inner.y + above, most, height)
            })
            .collect()
    }

    /// Puts children one after the other: those of a fixed length first, then those that take what
    /// they need, then the rest in shares.
    fn line_up(
        &self,
        children: &[NodeId],
        inner: Rect,
        arrangement: Arrangement,
        now: Moment,
    ) -> Vec<Rect> {
        let in_rows = arrangement == Arrangement::Rows;
        let mut left = if in_rows { inner.height } else { inner.width };
        let mut lengths = vec![0; children.len()];
        let extent = |child: &NodeId| match self.shown.contains(child) {
            true => self.slot(*child).extent,
            false => Extent::Cells(0),
        };
        for (length, child) in lengths.iter_mut().zip(children) {
            if let Extent::Cells(cells) = extent(child) {
                *length = cells.min(left);
                left -= *length;
            }
        }
        for (length, child) in lengths.iter_mut().zip(children) {
            if let Extent::Fit { most } = extent(child) {
                let wanted = if in_rows {
                    self.height(*child, inner.width, now).min(most)
                } else {
                    most
                };
                *length = wanted.min(left);
                left -= *length;
            }
        }
        let shares = |child: &NodeId| match extent(child) {
            Extent::Share(share) => u32::from(share),
            _ => 0,
        };
        let mut total: u32 = children.iter().map(shares).sum();
        for (length, child) in lengths.iter_mut().zip(children) {
            let share = shares(child);
            if share > 0 {
                let cells = u32::from(left) * share / total;
                *length = u16::try_from(cells).unwrap_or(left);
                left -= *length;
                total -= share;
            }
        }
        let mut start = 0;
        lengths
            .into_iter()
            .map(|length| {
                let area = if in_rows {
                    Rect::new(inner.x, inner.y + start, inner.width, length)
                } else {
                    Rect::new(inner.x + start, inner.y, length, inner.height)
                };
                start += length;
                area
            })
            .collect()
    }

    /// Returns how many rows a node needs: what its children need together, or what it says itself.
    fn height(&self, id: NodeId, width: u16, now: Moment) -> u16 {
        let Some(node) = self.nodes.get(&id).filter(|_| self.shown.contains(&id)) else {
            return 0;
        };
        if node.children.is_empty() {
            let context = RenderContext {
                now,
                display: &self.display,
                focused: self.focused() == Some(id),
            };
            return node.component.height(width, &context);
        }
        let padding = node.slot.padding;
        let inner = width.saturating_sub(padding.horizontal.saturating_mul(2));
        let count = u16::try_from(node.children.len()).unwrap_or(u16::MAX);
        let heights = node.children.iter().map(|&child| {
            let wanted = |width| self.height(child, width, now);
            match (node.slot.arrangement, self.slot(child).extent) {
                (Arrangement::Rows, Extent::Cells(cells)) => cells,
                (Arrangement::Rows, Extent::Fit { most }) => wanted(inner).min(most),
                (Arrangement::Columns, Extent::Cells(cells)) => wanted(cells.min(inner)),
                (Arrangement::Columns, _) => wanted(inner / count),
                _ => wanted(inner),
            }
        });
        let together = match node.slot.arrangement {
            Arrangement::Rows => heights.fold(0, u16::saturating_add),
            Arrangement::Columns | Arrangement::Layers => heights.max().unwrap_or(0),
        };
        together.saturating_add(padding.vertical.saturating_mul(2))
    }

    fn slot(&self, id: NodeId) -> Slot {
        self.nodes
            .get(&id)
            .map_or(Slot::new(Extent::Cells(0)), |node| node.slot)
    }
}
