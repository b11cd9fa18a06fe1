//! Which reply comes next: queues filled by a test.
//!
//! There is one queue for any conversation, and one for each marker: a request whose first user
//! text holds a marker is answered from that marker's queue only, so that two sessions at once do
//! not take each other's replies.

use std::collections::VecDeque;
use std::fmt;

use super::reply::Reply;
use super::request::ModelRequest;

/// A reply, or a function that makes it from the request.
pub(super) enum Scripted {
    Fixed(Box<Reply>),
    Computed(Box<dyn FnOnce(&ModelRequest) -> Reply + Send>),
}

impl fmt::Debug for Scripted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(reply) => formatter.debug_tuple("Fixed").field(reply).finish(),
            Self::Computed(_) => formatter.write_str("Computed"),
        }
    }
}

/// The queues.
#[derive(Debug, Default)]
pub(super) struct Script {
    unmarked: VecDeque<Scripted>,
    marked: Vec<(String, VecDeque<Scripted>)>,
}

impl Script {
    /// Appends to the queue of a marker, or to the one without.
    pub(super) fn push(&mut self, marker: Option<&str>, reply: Scripted) {
        self.queue(marker).push_back(reply);
    }

    /// Takes the next reply for a request.
    pub(super) fn next(&mut self, request: &ModelRequest) -> Option<Scripted> {
        let text = request.first_user_text();
        let marked = self
            .marked
            .iter_mut()
            .find(|(marker, _)| text.contains(marker.as_str()));
        marked
            .map_or(&mut self.unmarked, |(_, queue)| queue)
            .pop_front()
    }

    /// How many replies nobody has asked for yet.
    pub(super) fn remaining(&self) -> usize {
        self.unmarked.len()
            + self
                .marked
                .iter()
                .map(|(_, queue)| queue.len())
                .sum::<usize>()
    }

    fn queue(&mut self, marker: Option<&str>) -> &mut VecDeque<Scripted> {
        let Some(marker) = marker else {
            return &mut self.unmarked;
        };
        let place = self.marked.iter().position(|(known, _)| known == marker);
        let place = place.unwrap_or_else(|| {
            self.marked.push((marker.to_owned(), VecDeque::new()));
            self.marked.len() - 1
        });
        &mut self.marked[place].1
    }
}
