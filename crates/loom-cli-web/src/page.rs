//! A page as text, and the memory of those that were read.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use crate::body::unpack;
use crate::charset::decode;
use crate::client::Answer;
use crate::error::WebError;
use crate::html::markdown;
use crate::media::{Media, sniff};

/// How long a page is remembered: long enough to read on in it.
const MAX_AGE: Duration = Duration::from_secs(15 * 60);
/// How many pages are remembered.
const MAX_PAGES: usize = 16;
/// How much text of all pages is remembered, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A page as text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The address that the text came from, after redirects.
    pub(crate) url: Url,
    /// The title, if it has one.
    pub(crate) title: Option<String>,
    /// The text: Markdown where it was HTML.
    pub(crate) text: String,
    /// Whether it is the whole page, and not only its beginning.
    pub(crate) is_whole: bool,
    /// Whether it was HTML.
    pub(crate) is_html: bool,
}

impl Page {
    /// Makes text of an answer. Takes a while for a large one.
    pub(crate) fn of(answer: Answer, max_bytes: usize) -> Result<Self, WebError> {
        let Answer {
            url,
            content_type,
            packing,
            body,
        } = answer;
        let body = unpack(body, &packing, max_bytes).map_err(|reason| WebError::Packing {
            url: url.to_string(),
            reason,
        })?;
        let media = sniff(content_type.media, &body.bytes);
        if let Media::Other(what) = media {
            return Err(WebError::NotText {
                url: url.to_string(),
                what,
            });
        }
        let source = decode(&body.bytes, content_type.charset.as_deref());
        let is_html = media == Media::Html;
        let (title, text) = if is_html {
            let document = markdown(&source, &url).map_err(|_| WebError::Broken)?;
            (document.title, document.text)
        } else {
            (None, source)
        };
        Ok(Self {
            url,
            title,
            text: printable(&text),
            is_whole: body.is_whole,
            is_html,
        })
    }
}

/// Returns the text without what only hides or disturbs: control characters, and the tags of
/// Unicode, which nobody sees but a model reads.
fn printable(text: &str) -> String {
    let is_shown = |character: &char| match character {
        '\n' | '\t' => true,
        '\u{e0000}'..='\u{e007f}' => false,
        character => !character.is_control(),
    };
    text.replace("\r\n", "\n")
        .chars()
        .filter(is_shown)
        .collect()
}

/// Remembers pages for the length of a session, within limits of age, number and size.
#[derive(Debug, Default)]
pub(crate) struct PageMemory(Mutex<VecDeque<Remembered>>);

#[derive(Debug)]
struct Remembered {
    /// The address that was asked for.
    asked: Url,
    page: Arc<Page>,
    since: Instant,
}

impl PageMemory {
    /// Returns the page of an address, if it is remembered.
    pub(crate) fn get(&self, asked: &Url) -> Option<Arc<Page>> {
        let pages = self.fresh();
        let found = pages.iter().find(|remembered| remembered.asked == *asked);
        found.map(|remembered| Arc::clone(&remembered.page))
    }

    /// Remembers a page, in the place of the oldest ones.
    pub(crate) fn put(&self, asked: Url, page: Arc<Page>) {
        let mut pages = self.fresh();
        pages.retain(|remembered| remembered.asked != asked);
        pages.push_back(Remembered {
            asked,
            page,
            since: Instant::now(),
        });
        let size = |pages: &VecDeque<Remembered>| -> usize {
            pages
                .iter()
                .map(|remembered| remembered.page.text.len())
                .sum()
        };
        while pages.len() > MAX_PAGES || size(&pages) > MAX_BYTES {
            pages.pop_front();
        }
    }

    fn fresh(&self) -> MutexGuard<'_, VecDeque<Remembered>> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|remembered| remembered.since.elapsed() < MAX_AGE);
        pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(number: usize) -> Url {
        format!("https://example.com/{number}").parse().unwrap()
    }

    fn page(number: usize, bytes: usize) -> Arc<Page> {
        Arc::new(Page {
            url: url(number),
            title: None,
            text: "x".repeat(bytes),
            is_whole: true,
            is_html: false,
        })
    }

    /// Returns which pages of the first hundred are remembered.
    fn remembered(memory: &PageMemory) -> Vec<usize> {
        let is_there = |number: &usize| memory.get(&url(*number)).is_some();
        (0..100).filter(is_there).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_is_forgotten_after_a_while() {
        let memory = PageMemory::default();
        memory.put(url(1), page(1, 1));
        tokio::time::advance(MAX_AGE - Duration::from_secs(1)).await;
        assert_eq!(memory.get(&url(1)), Some(page(1, 1)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(memory.get(&url(1)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_pages_give_way() {
        let memory = PageMemory::default();
        for number in 0..MAX_PAGES + 2 {
            memory.put(url(number), page(number, 1));
        }
        let expected: Vec<_> = (2..MAX_PAGES + 2).collect();
        assert_eq!(remembered(&memory), expected);

        memory.put(url(50), page(50, MAX_BYTES - 1));
        assert_eq!(remembered(&memory), [MAX_PAGES + 1, 50]);
        memory.put(url(51), page(51, MAX_BYTES + 1));
        assert_eq!(remembered(&memory), [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_is_fetched_again_takes_the_place_of_itself() {
        let memory = PageMemory::default();
        memory.put(url(1), page(1, 1));
        memory.put(url(1), page(2, 2));
        assert_eq!(memory.get(&url(1)), Some(page(2, 2)));
    }

    #[test]
    fn what_nobody_sees_is_taken_out() {
        let hidden = "a\r\nb\tc\u{1b}[31m\u{0}\u{9b}d\u{e0041}\u{e007f}e\u{200d}ü";
        assert_eq!(printable(hidden), "a\nb\tc[31mde\u{200d}ü");
    }
}
