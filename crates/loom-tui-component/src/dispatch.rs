//! The ways of events.

use std::time::Duration;

use loom_tui_core::{Event, Interface, KeyCode, KeyPress, Modifiers, Moment, MouseKind};
use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use crate::node::Node;
use crate::{LogEntry, NodeId, Phase, Tree};

/// How far ahead a wake is at least: a component that wants to be woken now would stop the clock.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

impl<O: 'static> Interface for Tree<O> {
    type Output = O;

    fn dispatch(&mut self, event: &Event, now: Moment) -> Vec<O> {
        self.now = now;
        match event {
            Event::Key(key) => {
                let consumed = self.propagate(event, self.focus.or(self.active_root()));
                if !consumed {
                    self.move_along(*key);
                }
            }
            Event::Paste(_) => {
                self.propagate(event, self.focus.or(self.active_root()));
            }
            Event::Mouse(mouse) => self.dispatch_mouse(event, mouse.kind, mouse.position),
            Event::Tick => {
                for id in self.in_order() {
                    let is_due = |node: &Node<O>| node.wake.is_some_and(|wake| wake <= now);
                    if self.nodes.get(&id).is_some_and(is_due) {
                        self.handle(id, event, Phase::Broadcast);
                    }
                }
            }
            Event::Resize(_) | Event::FocusGained | Event::FocusLost | Event::Thread(_) => {
                if let Event::Resize(_) = event {
                    self.stale = true;
                }
                for id in self.all() {
                    self.handle(id, event, Phase::Broadcast);
                }
            }
        }
        self.settle_focus();
        self.set_wakes();
        std::mem::take(&mut self.outputs)
    }

    fn wants_redraw(&self) -> bool {
        self.stale
    }

    fn draw(&mut self, buffer: &mut Buffer, now: Moment) -> Option<Position> {
        self.now = now;
        self.paint(buffer);
        self.set_wakes();
        self.cursor()
    }

    fn wake_at(&self, now: Moment) -> Option<Moment> {
        let wakes = self.nodes.values().filter_map(|node| node.wake);
        wakes.min().map(|wake| wake.max(now))
    }
}

impl<O: 'static> Tree<O> {
    /// Sends an event on its way to a node. Tells whether somebody consumed it.
    fn propagate(&mut self, event: &Event, target: Option<NodeId>) -> bool {
        let Some(target) = target else {
            return false;
        };
        let path = self.path(target);
        let around = path.split_last().map_or(&[][..], |(_, around)| around);
        for &id in around {
            if self.capture(id, event) {
                return true;
            }
        }
        if self.handle(target, event, Phase::Target) {
            return true;
        }
        around
            .iter()
            .rev()
            .any(|&id| self.handle(id, event, Phase::Bubble))
    }

    fn dispatch_mouse(&mut self, event: &Event, kind: MouseKind, position: Position) {
        let target = match kind {
            MouseKind::Drag(_) | MouseKind::Up(_) if self.pressed.is_some() => self.pressed,
            _ => self.hit(position),
        };
        match kind {
            MouseKind::Down(_) => {
                self.pressed = target;
                // The innermost that accepts the focus has it in the end.
                for id in target.map_or_else(Vec::new, |target| self.path(target)) {
                    self.focus(id);
                }
            }
            MouseKind::Up(_) => self.pressed = None,
            _ => {}
        }
        self.propagate(event, target);
    }

    /// Finds the topmost node under a place, if no trap keeps the mouse elsewhere.
    pub fn hit(&self, position: Position) -> Option<NodeId> {
        let mut found = None;
        self.walk(self.active_root()?, &mut |id, node| {
            if !node.is_group && node.area.contains(position) {
                found = Some(id);
            }
        });
        found
    }

    fn move_along(&mut self, key: KeyPress) {
        if key == KeyPress::plain(KeyCode::Tab) {
            self.focus_next();
        } else if key == KeyPress::new(KeyCode::Tab, Modifiers::SHIFT) {
            self.focus_previous();
        }
    }

    fn capture(&mut self, id: NodeId, event: &Event) -> bool {
        let consumed = self.change(id, |node, context| {
            node.component.capture_event(event, context)
        });
        self.note(id, Phase::Capture, consumed);
        consumed
    }

    fn handle(&mut self, id: NodeId, event: &Event, phase: Phase) -> bool {
        let consumed = self.change(id, |node, context| {
            node.component.handle_event(event, context)
        });
        self.note(id, phase, consumed);
        consumed
    }

    fn note(&mut self, id: NodeId, phase: Phase, consumed: bool) {
        if let (Some(log), Some(node)) = (&mut self.log, self.nodes.get(&id)) {
            log.push(LogEntry {
                component: node.component.id(),
                phase,
                consumed,
            });
        }
    }

    /// Asks everybody who can be seen when to wake them.
    fn set_wakes(&mut self) {
        for node in self.nodes.values_mut() {
            let can_be_seen = !node.hidden && !node.area.is_empty();
            node.wake = can_be_seen
                .then(|| node.component.wake_at(self.now, &self.display))
                .flatten()
                .map(|wake| wake.max(self.now + SHORTEST_WAIT));
        }
    }

    /// Returns the nodes from the outermost of the active part to this one.
    fn path(&self, id: NodeId) -> Vec<NodeId> {
        let end = self.active_root();
        let mut path = vec![id];
        let mut at = id;
        while Some(at) != end
            && let Some(parent) = self.nodes.get(&at).and_then(|node| node.parent)
        {
            path.push(parent);
            at = parent;
        }
        path.reverse();
        path
    }

    /// Visits what is shown of a part of the tree, in the order in which it is painted.
    pub(crate) fn walk(&self, id: NodeId, visit: &mut dyn FnMut(NodeId, &Node<O>)) {
        if let Some(node) = self.nodes.get(&id).filter(|_| self.shown.contains(&id)) {
            visit(id, node);
            for &child in &node.children {
                self.walk(child, visit);
            }
        }
    }

    /// Returns what is shown, in the order in which it is painted.
    pub(crate) fn in_order(&self) -> Vec<NodeId> {
        let mut ids = Vec::new();
        if let Some(root) = self.root {
            self.walk(root, &mut |id, _| ids.push(id));
        }
        ids
    }

    /// Returns all nodes, shown or not: what is hidden must know what happened, too.
    fn all(&self) -> Vec<NodeId> {
        self.nodes.keys().copied().collect()
    }
}
