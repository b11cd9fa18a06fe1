//! Who has the focus.

use loom_tui_core::Focus;

use crate::{NodeId, Tree};

/// A part of the tree that keeps the focus to itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trap {
    /// The part.
    pub(crate) node: NodeId,
    /// Who had the focus before.
    before: Option<NodeId>,
}

impl<O: 'static> Tree<O> {
    /// Returns the component with the focus.
    pub fn focused(&self) -> Option<NodeId> {
        self.focus
    }

    /// Gives a component the focus, if it accepts it, can be seen, and no trap keeps it elsewhere.
    pub fn focus(&mut self, id: NodeId) {
        if self.ring().contains(&id) {
            self.move_focus(Some(id));
        }
    }

    /// Moves the focus to the next component of the ring.
    pub fn focus_next(&mut self) {
        self.step(|at, count| (at + 1) % count);
    }

    /// Moves the focus to the previous component of the ring.
    pub fn focus_previous(&mut self) {
        self.step(|at, count| (at + count - 1) % count);
    }

    fn step(&mut self, next: impl FnOnce(usize, usize) -> usize) {
        let ring = self.ring();
        let at = ring.iter().position(|id| Some(*id) == self.focus);
        let id = match at {
            Some(at) => ring.get(next(at, ring.len())),
            None => ring.first(),
        };
        self.move_focus(id.copied());
    }

    /// Keeps focus, keys and mouse inside a part of the tree, and gives the focus to the first
    /// component in it that accepts it.
    pub fn trap(&mut self, id: NodeId) {
        if !self.nodes.contains_key(&id) || self.traps.iter().any(|trap| trap.node == id) {
            return;
        }
        self.traps.push(Trap {
            node: id,
            before: self.focus,
        });
        self.settle_focus();
    }

    /// Ends a trap, and gives the focus back.
    pub fn release(&mut self, id: NodeId) {
        let Some(index) = self.traps.iter().position(|trap| trap.node == id) else {
            return;
        };
        let trap = self.traps.remove(index);
        match self.traps.get_mut(index) {
            // A trap above goes on; it gives the focus back to where this one would have.
            Some(above) => above.before = trap.before,
            None => self.move_focus(trap.before),
        }
        self.settle_focus();
    }

    /// Returns the part of the tree that has keys and mouse now. A trap that cannot be seen keeps
    /// nothing.
    pub(crate) fn active_root(&self) -> Option<NodeId> {
        let mut traps = self.traps.iter().rev().map(|trap| trap.node);
        traps.find(|node| self.is_shown(*node)).or(self.root)
    }

    fn is_shown(&self, id: NodeId) -> bool {
        let parent = |id: &NodeId| self.nodes.get(id).and_then(|node| node.parent);
        std::iter::successors(Some(id), parent).all(|id| self.shown.contains(&id))
    }

    /// Sets right what unmounting and hiding left: traps of what is gone end, and the focus is with
    /// somebody who can have it.
    pub(crate) fn settle_focus(&mut self) {
        while let Some(index) = self
            .traps
            .iter()
            .position(|trap| !self.nodes.contains_key(&trap.node))
        {
            let trap = self.traps.remove(index);
            match self.traps.get_mut(index) {
                Some(above) => above.before = trap.before,
                None => self.move_focus(trap.before),
            }
        }
        let ring = self.ring();
        if !self.focus.is_some_and(|focus| ring.contains(&focus)) {
            self.move_focus(ring.first().copied());
        }
    }

    fn move_focus(&mut self, to: Option<NodeId>) {
        if self.focus == to {
            return;
        }
        for id in [self.focus, to].into_iter().flatten() {
            if let Some(node) = self.nodes.get_mut(&id) {
                node.dirty = true;
            }
        }
        self.focus = to;
        self.stale = true;
    }

    /// Returns the components that can have the focus now, in the order of the tree.
    fn ring(&self) -> Vec<NodeId> {
        let mut ring = Vec::new();
        if let Some(root) = self.active_root() {
            self.walk(root, &mut |id, node| {
                if node.component.focus() == Focus::Accepts {
                    ring.push(id);
                }
            });
        }
        ring
    }
}
