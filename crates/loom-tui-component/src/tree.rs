//! The tree: mounting, finding and changing components.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

use loom_tui_core::{Component, Display, EventContext, Moment, Update};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::focus::Trap;
use crate::group::Group;
use crate::node::{Mounted, Node, Outcome};
use crate::{Configure, Handle, LogEntry, NodeId, Slot};

/// A tree of components, which together tell their owner `O`s.
pub struct Tree<O> {
    pub(crate) nodes: BTreeMap<NodeId, Node<O>>,
    pub(crate) root: Option<NodeId>,
    next: u64,
    /// Nodes that are not hidden by themselves.
    pub(crate) shown: BTreeSet<NodeId>,
    pub(crate) focus: Option<NodeId>,
    pub(crate) traps: Vec<Trap>,
    /// The node that a button of the mouse was pressed on and not yet released.
    pub(crate) pressed: Option<NodeId>,
    pub(crate) display: Display,
    pub(crate) frame: Buffer,
    /// Whether anything has to be painted or laid out.
    pub(crate) stale: bool,
    /// Whether any area has changed since the last painting.
    pub(crate) moved: bool,
    /// What the components told while nobody handed in an event.
    pub(crate) outputs: Vec<O>,
    pub(crate) log: Option<Vec<LogEntry>>,
    pub(crate) now: Moment,
}

impl<O: 'static> Tree<O> {
    /// Makes a tree of nothing.
    pub fn new(display: Display) -> Self {
        Self {
            nodes: BTreeMap::new(),
            root: None,
            next: 0,
            shown: BTreeSet::new(),
            focus: None,
            traps: Vec::new(),
            pressed: None,
            display,
            frame: Buffer::empty(Rect::ZERO),
            stale: true,
            moved: true,
            outputs: Vec::new(),
            log: None,
            now: Moment::START,
        }
    }

    /// Mounts a component as the last child of another, or as the root when there is none yet. A
    /// parent that is not there mounts it nowhere: the handle then finds nothing.
    pub fn mount<C: Component + 'static>(
        &mut self,
        parent: Option<NodeId>,
        slot: Slot,
        component: C,
        map: impl Fn(C::Output) -> O + 'static,
    ) -> Handle<C> {
        let id = NodeId(self.next);
        self.next += 1;
        match parent {
            None if self.root.is_none() => self.root = Some(id),
            parent => match parent.and_then(|parent| self.nodes.get_mut(&parent)) {
                Some(parent) => parent.children.push(id),
                None => return Handle::new(id),
            },
        }
        let component: Box<Mounted<C, O>> = Box::new(Mounted {
            component,
            map: Box::new(map),
            props: None,
        });
        let is_group = (&component.component as &dyn Any).is::<Group>();
        self.nodes.insert(
            id,
            Node {
                component,
                parent,
                children: Vec::new(),
                slot,
                area: Rect::ZERO,
                hidden: false,
                dirty: true,
                is_group,
                wake: None,
            },
        );
        self.shown.insert(id);
        self.stale = true;
        self.change(id, |node, context| node.component.init(context));
        self.settle_focus();
        Handle::new(id)
    }

    /// Mounts a group: see [`Tree::mount`].
    pub fn mount_group(
        &mut self,
        parent: Option<NodeId>,
        slot: Slot,
        group: Group,
    ) -> Handle<Group> {
        self.mount(parent, slot, group, |never| match never {})
    }

    /// Takes a component and everything in it out of the tree. If it held the focus or a trap, the
    /// focus goes back to where it was.
    pub fn unmount(&mut self, id: NodeId) {
        let Some(node) = self.nodes.remove(&id) else {
            return;
        };
        if let Some(parent) = node.parent.and_then(|parent| self.nodes.get_mut(&parent)) {
            parent.children.retain(|child| *child != id);
        }
        if self.root == Some(id) {
            self.root = None;
        }
        self.shown.remove(&id);
        for child in node.children {
            self.unmount(child);
        }
        self.stale = true;
        self.moved = true;
        self.settle_focus();
    }

    /// Shows a component, or hides it with everything in it. What is hidden takes no room, gets no
    /// keys, and is not woken.
    pub fn set_shown(&mut self, id: NodeId, shown: Shown) {
        let changed = match shown {
            Shown::Yes => self.nodes.contains_key(&id) && self.shown.insert(id),
            Shown::No => self.shown.remove(&id),
        };
        if changed {
            self.stale = true;
            self.settle_focus();
        }
    }

    /// Returns a component.
    pub fn get<C: Component + 'static>(&self, handle: Handle<C>) -> Option<&C> {
        let node = self.nodes.get(&handle.id())?;
        let mounted = node.component.as_any().downcast_ref::<Mounted<C, O>>()?;
        Some(&mounted.component)
    }

    /// Changes the state of a component by an action, as an event of its own would.
    pub fn act<C: Component + 'static>(&mut self, handle: Handle<C>, action: C::Action) {
        self.change_typed(handle, |mounted, context| {
            mounted.update(context, |component, update| {
                component.update(action, update)
            })
        });
    }

    /// Configures a component. Props that are equal to those before change nothing.
    pub fn set_props<C: Configure + 'static>(&mut self, handle: Handle<C>, props: C::Props) {
        self.change_typed(handle, |mounted, context| {
            let before = mounted.props.as_ref();
            if before.and_then(|props| props.downcast_ref()) == Some(&props) {
                return Outcome {
                    outputs: Vec::new(),
                    redraw: false,
                    consumed: false,
                };
            }
            let outcome = mounted.update(context, |component, update: &mut Update<C::Output>| {
                component.configure(&props, update);
                update.redraw();
            });
            mounted.props = Some(Box::new(props));
            outcome
        });
    }

    /// Changes what terminal and person can and want to see, such as the theme.
    pub fn set_display(&mut self, display: Display) {
        if self.display != display {
            self.display = display;
            self.moved = true;
            self.stale = true;
        }
    }

    /// Returns what terminal and person can and want to see.
    pub const fn display(&self) -> &Display {
        &self.display
    }

    /// Returns where a component is on the screen; empty if it is not.
    pub fn area(&self, id: NodeId) -> Rect {
        self.nodes.get(&id).map_or(Rect::ZERO, |node| node.area)
    }

    /// Begins to keep what happens to events, and returns what was kept since this was last called.
    pub fn take_log(&mut self) -> Vec<LogEntry> {
        self.log.replace(Vec::new()).unwrap_or_default()
    }

    fn change_typed<C: Component + 'static>(
        &mut self,
        handle: Handle<C>,
        change: impl FnOnce(&mut Mounted<C, O>, EventContext) -> Outcome<O>,
    ) {
        self.change(handle.id(), |node, context| {
            match node.component.as_any_mut().downcast_mut() {
                Some(mounted) => change(mounted, context),
                None => Outcome {
                    outputs: Vec::new(),
                    redraw: false,
                    consumed: false,
                },
            }
        });
    }

    /// Lets a component do something, and keeps what it asked for. Tells whether it consumed.
    pub(crate) fn change(
        &mut self,
        id: NodeId,
        change: impl FnOnce(&mut Node<O>, EventContext) -> Outcome<O>,
    ) -> bool {
        let focused = self.focused() == Some(id);
        let Some(node) = self.nodes.get_mut(&id) else {
            return false;
        };
        let context = EventContext {
            now: self.now,
            area: node.area,
            focused,
        };
        let outcome = change(node, context);
        if outcome.redraw {
            node.dirty = true;
            self.stale = true;
        }
        self.outputs.extend(outcome.outputs);
        outcome.consumed
    }
}

/// Whether a component is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shown {
    /// It is.
    Yes,
    /// It is not.
    No,
}
