//! The threads that an editor can go on with, a page at a time.
//!
//! A cursor names the last thread of the page before. Threads that were continued meanwhile have moved
//! to the front, and are not seen again; none is left out for it.

use agent_client_protocol::Error;
use agent_client_protocol::v1::schema::{ListSessionsRequest, ListSessionsResponse, SessionInfo};

use crate::error::invalid;
use crate::program::{KnownThread, Program};

/// Threads of one page.
const PAGE: usize = 50;

/// Returns the page that is asked for.
pub(crate) async fn list(
    program: &dyn Program,
    request: ListSessionsRequest,
) -> Result<ListSessionsResponse, Error> {
    let cursor = request.cursor.as_deref().map(read).transpose()?;
    let threads = program.threads(request.cwd).await?;
    Ok(page(threads, cursor))
}

/// The place of a thread in the list.
type Cursor<'a> = (&'a str, &'a str);

fn read(cursor: &str) -> Result<Cursor<'_>, Error> {
    let cursor = cursor.split_once(' ');
    cursor.ok_or_else(|| invalid("this cursor comes from no list of sessions"))
}

fn place(thread: &KnownThread) -> Cursor<'_> {
    (&thread.updated_at, &thread.id)
}

/// Cuts a page out of all threads, which stand in their order, the newest first.
fn page(threads: Vec<KnownThread>, cursor: Option<Cursor<'_>>) -> ListSessionsResponse {
    let is_after = |thread: &KnownThread| cursor.is_none_or(|cursor| place(thread) < cursor);
    let mut rest = threads.into_iter().filter(is_after);
    let shown: Vec<KnownThread> = rest.by_ref().take(PAGE).collect();
    let next = match (rest.next(), shown.last()) {
        (Some(_), Some(last)) => Some(format!("{} {}", last.updated_at, last.id)),
        _ => None,
    };
    let sessions = shown.into_iter().map(|thread| {
        SessionInfo::new(thread.id, thread.folder)
            .title(thread.title)
            .updated_at(thread.updated_at)
    });
    ListSessionsResponse::new(sessions.collect()).next_cursor(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(number: usize) -> KnownThread {
        KnownThread {
            id: format!("T-{number:03}"),
            folder: "/work".into(),
            title: None,
            updated_at: format!("2026-01-01T00:00:{:02}.000Z", number / 10),
        }
    }

    fn newest_first(count: usize) -> Vec<KnownThread> {
        (0..count).rev().map(thread).collect()
    }

    #[test]
    fn pages_follow_each_other_to_the_end_and_hold_each_thread_once() {
        let mut seen = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let place = cursor.as_deref().map(|cursor| read(cursor).unwrap());
            let page = page(newest_first(120), place);
            seen.extend(
                page.sessions
                    .iter()
                    .map(|info| info.session_id.0.to_string()),
            );
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let all: Vec<String> = newest_first(120)
            .into_iter()
            .map(|thread| thread.id)
            .collect();
        assert_eq!(seen, all);
    }

    #[test]
    fn a_full_page_that_is_the_last_says_so() {
        assert_eq!(page(newest_first(PAGE), None).next_cursor, None);
        assert!(page(newest_first(PAGE + 1), None).next_cursor.is_some());
    }

    #[test]
    fn a_cursor_of_something_else_is_refused() {
        assert!(read("nonsense").is_err());
    }
}
