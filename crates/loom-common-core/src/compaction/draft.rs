//! From a conversation to its compaction: what is asked of the model, and how what it answers is
//! put together with what is kept.

use std::sync::Arc;

use super::shorten::{is_said, shorten, shorten_results, shorten_words};
use super::{Carried, Compaction, CompactionTrigger, CutWords, work};
use crate::context::Gauge;
use crate::error::LlmError;
use crate::message::{Message, Role};
use crate::tool::ToolDefinition;

const SUMMARY_REQUEST: &str = include_str!("summary_request.md");
const HANDOVER: &str = include_str!("handover.md");

/// The longest to-do list that is handed over, in bytes.
const TODO_BYTES: usize = 8_000;

/// Returns the message that asks for a summary, with what the person says about it.
pub(crate) fn summary_request(instructions: Option<&str>) -> Message {
    let mut text = SUMMARY_REQUEST.trim_end().to_owned();
    if let Some(instructions) = instructions.map(str::trim).filter(|text| !text.is_empty()) {
        text.push_str("\n\nThe user says about this summary:\n\n");
        text.push_str(instructions);
    }
    Message::user(text)
}

/// What is cut, and to how many bytes.
#[derive(Clone, Copy)]
enum Cut {
    Results(usize),
    Words(usize),
}

/// Makes a conversation lighter for a model that could not take it: results of tools are cut,
/// oldest first, and then the words of the person, until it has at most `limit` tokens. None if
/// that is not enough.
///
/// Answers of the model stay whole, because a provider may check what comes back to it.
pub(crate) fn lighten(
    conversation: &[Arc<Message>],
    gauge: &Gauge,
    limit: u64,
) -> Option<Vec<Arc<Message>>> {
    let mut light = conversation.to_vec();
    let mut tokens = gauge.tokens(&light);
    for cut in [Cut::Results(400), Cut::Words(2_000), Cut::Words(400)] {
        for message in &mut light {
            if tokens <= limit {
                return Some(light);
            }
            let before = gauge.tokens([&*message]);
            *message = match cut {
                Cut::Results(bytes) => shorten_results(message, bytes),
                Cut::Words(bytes) if is_said(message) => shorten_words(message, bytes),
                Cut::Words(_) => continue,
            };
            tokens = tokens.saturating_sub(before) + gauge.tokens([&*message]);
        }
    }
    (tokens <= limit).then_some(light)
}

/// What a compaction is made of.
pub(crate) struct Draft<'a> {
    pub(crate) trigger: CompactionTrigger,
    pub(crate) conversation: &'a [Arc<Message>],
    /// The compaction with which the conversation begins, if one does.
    pub(crate) before: Option<&'a Compaction>,
    pub(crate) tools: &'a [ToolDefinition],
    pub(crate) gauge: &'a Gauge,
    /// The model's summary, or why there is none.
    pub(crate) summary: Result<String, LlmError>,
    /// Tokens that the new conversation may have.
    pub(crate) room: u64,
    /// Whether a model call follows at once, so that the model must not have the last word.
    pub(crate) goes_on: bool,
    pub(crate) tokens_before: u64,
}

impl Draft<'_> {
    /// Puts the compaction together.
    pub(crate) fn finish(self) -> Compaction {
        let (carried_before, handover_at) = match self.before {
            Some(before) => (before.carried.clone(), Some(before.words.len())),
            None => (Carried::default(), None),
        };
        let carried = work::collect(carried_before, self.conversation, self.tools);
        let (recent_from, recent) = self.recent(handover_at.map_or(0, |at| at + 1));
        let words: Vec<_> = self.conversation[..recent_from]
            .iter()
            .enumerate()
            .filter(|(position, message)| Some(*position) != handover_at && is_said(message))
            .map(|(_, message)| Arc::clone(message))
            .collect();
        let (words, cut_words) = fit_words(words, self.gauge, self.room / 2);
        let handover = Arc::new(Message::user(self.handover(&carried, !recent.is_empty())));
        let mut compaction = Compaction {
            trigger: self.trigger,
            words,
            cut_words,
            handover,
            recent,
            carried,
            summary_error: self.summary.err(),
            tokens_before: self.tokens_before,
            tokens_after: 0,
        };
        compaction.tokens_after =
            self.gauge.fixed_tokens() + self.gauge.tokens(compaction.messages());
        compaction
    }

    /// Finds the last exchanges that fit, not before `first`: whole, or the last one alone with its
    /// results cut. Returns where they begin.
    fn recent(&self, first: usize) -> (usize, Vec<Arc<Message>>) {
        let mut end = self.conversation.len();
        if self.goes_on {
            let by_model = |message: &&Arc<Message>| message.role == Role::Assistant;
            end -= self.conversation.iter().rev().take_while(by_model).count();
        }
        let limit = self.room.min(self.gauge.tokens(self.conversation)) / 4;
        let begins_exchange =
            |position: &usize| self.conversation[*position].results().next().is_none();
        let mut found = end;
        let mut last_begin = None;
        for position in (first.min(end)..end).rev().filter(begins_exchange) {
            last_begin.get_or_insert(position);
            if self.gauge.tokens(&self.conversation[position..end]) > limit {
                break;
            }
            found = position;
        }
        if let Some(begin) = last_begin
            && found == end
        {
            let last = &self.conversation[begin..end];
            let results: usize = last.iter().map(|message| message.results().count()).sum();
            let each = self.gauge.bytes(limit / 2) / results.max(1);
            let cut: Vec<_> = last
                .iter()
                .map(|message| shorten_results(message, each))
                .collect();
            if self.gauge.tokens(&cut) <= limit {
                return (begin, cut);
            }
        }
        // What is left out at the end, so that the model does not have the last word, is among what
        // was summed up.
        match found == end {
            true => (self.conversation.len(), Vec::new()),
            false => (found, self.conversation[found..end].to_vec()),
        }
    }

    fn handover(&self, carried: &Carried, with_recent: bool) -> String {
        let limit = self.gauge.bytes(self.room / 4);
        let (title, summary) = match &self.summary {
            Ok(summary) => (
                "Summary, as you wrote it",
                shorten(summary.trim(), limit).into_owned(),
            ),
            Err(_) => ("Outline, as no summary could be made", self.outline(limit)),
        };
        let recent = match with_recent {
            true => "After this message come the last exchanges as they were.",
            false => "The conversation goes on right after this message.",
        };
        let mut text = HANDOVER
            .trim_end()
            .replace("{{recent}}", recent)
            .replace("{{title}}", title)
            .replace("{{summary}}", &summary);
        if let Some(todo) = &carried.todo {
            text.push_str("\n\n## To-do list, as you wrote it last\n\n");
            text.push_str(&shorten(todo, TODO_BYTES));
        }
        if !carried.files.is_empty() {
            text.push_str("\n\n## Files that you worked on, the latest last\n\n");
            text.push_str("Read a file again before you rely on what is in it.\n");
            for file in &carried.files {
                let verb = if file.changed { "changed" } else { "read" };
                text.push_str(&format!("\n- {} ({verb})", file.path));
            }
        }
        text
    }

    /// Tells what happened where no model could.
    fn outline(&self, limit: usize) -> String {
        let steps = work::outline(self.conversation, limit / 2);
        match self.before {
            Some(before) => {
                let earlier = before.handover.text();
                format!(
                    "{steps}\n\nWhat you were told of the time before these steps:\n\n{}",
                    shorten(&earlier, limit / 2)
                )
            }
            None => steps,
        }
    }
}

/// Keeps what the person said, word for word if it has at most `limit` tokens. Otherwise the oldest
/// are shortened, but for the first, which says what it is all about, and the last ones; and then left
/// out. Returns how many.
fn fit_words(said: Vec<Arc<Message>>, gauge: &Gauge, limit: u64) -> (Vec<Arc<Message>>, CutWords) {
    const LAST: usize = 3;
    let mut words = said.clone();
    let mut tokens = gauge.tokens(&words);
    let middle = 1..words.len().saturating_sub(LAST).max(1);
    let all = 0..words.len();
    let each = gauge.bytes(limit) / (2 * LAST + 2);
    'shorten: for (range, bytes) in [
        (middle.clone(), 4_000),
        (middle.clone(), 1_000),
        (middle.clone(), 200),
        (all, each),
    ] {
        for message in words.iter_mut().take(range.end).skip(range.start) {
            if tokens <= limit {
                break 'shorten;
            }
            let before = gauge.tokens([&*message]);
            *message = shorten_words(message, bytes);
            tokens = tokens.saturating_sub(before) + gauge.tokens([&*message]);
        }
    }
    let mut left_out = 0;
    while tokens > limit && words.len() > LAST + 1 {
        let gone = words.remove(1);
        tokens = tokens.saturating_sub(gauge.tokens([&gone]));
        left_out += 1;
    }
    // The first stays, and those after it go.
    let kept = said.iter().take(1).chain(said.iter().skip(1 + left_out));
    let cut = words.iter().zip(kept).filter(|(now, said)| now != said);
    let cut = CutWords {
        shortened: cut.count(),
        left_out,
    };
    if left_out > 0 {
        let mark = format!("[{left_out} messages of the user were left out here]");
        words.insert(1, Arc::new(Message::user(mark)));
    }
    (words, cut)
}
