//! Painting anew what changed, and nothing else.

use loom_tui_core::{RenderContext, blank};
use loom_tui_theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::{NodeId, Tree};

impl<O: 'static> Tree<O> {
    /// Brings the frame up to date and copies it into the buffer.
    pub(crate) fn paint(&mut self, buffer: &mut Buffer) {
        if self.frame.area != buffer.area {
            self.frame = Buffer::empty(buffer.area);
            self.moved = true;
            self.stale = true;
        }
        if self.stale {
            self.stale = false;
            self.lay_out(buffer.area.as_size(), self.now);
            let damage = if std::mem::take(&mut self.moved) {
                vec![self.frame.area]
            } else {
                self.damage()
            };
            self.repaint(&damage);
        }
        buffer.content.clone_from(&self.frame.content);
    }

    /// Returns the areas that have to be painted anew: those of the components that asked for it,
    /// and of all that overlap them, since none can be painted in part.
    fn damage(&self) -> Vec<Rect> {
        let painting: Vec<Rect> = self
            .in_order()
            .iter()
            .filter_map(|id| self.nodes.get(id))
            .filter(|node| !node.is_group && !node.area.is_empty())
            .map(|node| node.area)
            .collect();
        let mut damage: Vec<Rect> = self
            .nodes
            .values()
            .filter(|node| node.dirty && !node.is_group && !node.area.is_empty())
            .map(|node| node.area)
            .collect();
        loop {
            let more: Vec<Rect> = painting
                .iter()
                .filter(|area| !damage.contains(area))
                .filter(|area| damage.iter().any(|damaged| damaged.intersects(**area)))
                .copied()
                .collect();
            if more.is_empty() {
                return damage;
            }
            damage.extend(more);
        }
    }

    fn repaint(&mut self, damage: &[Rect]) {
        let surface = self.display.style(Role::Surface);
        for &area in damage {
            blank(area, &mut self.frame, surface);
        }
        let focused = self.focused();
        for id in self.in_order() {
            let Some(node) = self.nodes.get_mut(&id) else {
                continue;
            };
            node.dirty = false;
            let is_damaged = damage.iter().any(|area| area.intersects(node.area));
            if !is_damaged || node.is_group || node.area.is_empty() {
                continue;
            }
            let context = RenderContext {
                now: self.now,
                display: &self.display,
                focused: focused == Some(id),
            };
            node.component.render(node.area, &mut self.frame, &context);
        }
    }

    /// Returns where the cursor should be: where the component with the focus wants it.
    pub(crate) fn cursor(&self) -> Option<Position> {
        let id: NodeId = self.focused()?;
        let node = self.nodes.get(&id).filter(|node| !node.area.is_empty())?;
        let context = RenderContext {
            now: self.now,
            display: &self.display,
            focused: true,
        };
        node.component.cursor(node.area, &context)
    }
}
