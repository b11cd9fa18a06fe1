//! The store: all SQL on threads and the entries of their logs.
//!
//! The table of entries is called `messages`, and the count of them `message_count`: a process that
//! has the file open while a newer one uses it goes by these names. A row whose body has no field
//! `entry` is a message.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use loom_common_core::{Entry, Log, Usage};
use sqlx::sqlite::SqlitePool;

use crate::error::ThreadStoreError;
use crate::id::{PartialThreadId, ThreadId};
use crate::thread::{Continuation, NewThread, StoredThread, Thread, ThreadFilter};
use crate::{row, schema, title};

/// Most threads that an ambiguous id is shown to stand for.
const MAX_CANDIDATES: usize = 10;

/// The threads of one user on one machine, in one SQLite file.
///
/// Clones share the connection. A future of the store that is dropped before its end has done
/// its work either whole or not at all.
#[derive(Clone, Debug)]
pub struct ThreadStore {
    pool: SqlitePool,
    path: Arc<Path>,
}

impl ThreadStore {
    /// Opens the file at `path`. Makes the file and its folder, for their owner alone, where they
    /// are missing, and brings an older file to this version's schema.
    ///
    /// # Errors
    ///
    /// [`Newer`](ThreadStoreError::Newer), [`Foreign`](ThreadStoreError::Foreign),
    /// [`Damaged`](ThreadStoreError::Damaged), or what keeps the file from being written.
    pub async fn open(path: &Path) -> Result<Self, ThreadStoreError> {
        Ok(Self {
            pool: schema::open(path, schema::LOCK_WAIT).await?,
            path: path.into(),
        })
    }

    /// Returns where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the file, after writing the log of changes back into it if no other process has it
    /// open. A process may also end without; the next one that opens the file does it then.
    pub async fn close(self) {
        self.pool.close().await;
    }

    /// Stores a new thread, with an empty log and without a title.
    ///
    /// # Errors
    ///
    /// [`Exists`](ThreadStoreError::Exists) when the id is taken, or what kept it from being
    /// written.
    pub async fn create(&self, new: NewThread) -> Result<Thread, ThreadStoreError> {
        let git = new
            .git
            .map(|git| row::git_json(&git.without_credentials()))
            .transpose()
            .map_err(|error| self.sqlite(error))?;
        let rows = sqlx::query(
            "INSERT INTO threads \
             (id, cwd, provider, model, permission_mode, git, created_at, updated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) \
             ON CONFLICT DO NOTHING RETURNING *",
        )
        .bind(new.id.to_string())
        .bind(row::path_bytes(&new.cwd))
        .bind(new.provider)
        .bind(new.model)
        .bind(new.permission_mode.to_string())
        .bind(git)
        .bind(new.created_at.as_millisecond())
        // Not `fetch_optional`: it leaves before the statement's end, where SQLite would have
        // looked at the size of the log.
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.sqlite(error))?;
        match rows.first() {
            Some(row) => row::thread(row).map_err(|error| self.sqlite(error)),
            None => Err(ThreadStoreError::Exists(new.id)),
        }
    }

    /// Stores the next entry of a thread, which the caller takes to have `expected_len` entries so
    /// far. The thread's first user text becomes its title.
    ///
    /// Once this returns, the entry survives whatever happens to the process.
    ///
    /// # Errors
    ///
    /// [`Conflict`](ThreadStoreError::Conflict) when the thread has another number of entries, as
    /// another session has continued it; [`NotFound`](ThreadStoreError::NotFound);
    /// [`Unreadable`](ThreadStoreError::Unreadable) when it could not be read back; or what kept
    /// the entry from being written. With any error nothing has changed.
    pub async fn append(
        &self,
        id: ThreadId,
        expected_len: u64,
        entry: &Entry,
        at: Timestamp,
    ) -> Result<(), ThreadStoreError> {
        let body = row::entry_body(entry, expected_len).map_err(|source| {
            ThreadStoreError::Unreadable {
                id,
                seq: expected_len,
                source,
            }
        })?;
        let title = match entry {
            Entry::Message(message) => title::of_message(message),
            Entry::Rewind { .. } | Entry::Compaction(_) => None,
        };
        // Waits for other writers here, and so never in the middle.
        let mut transaction = self
            .pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(|error| self.sqlite(error))?;
        // Taken as the next place only while it is the next place: this is where two sessions
        // that continue the same thread are told apart.
        let updated = sqlx::query(
            "UPDATE threads SET message_count = message_count + 1, \
             updated_at = max(updated_at, ?3), title = coalesce(title, ?4) \
             WHERE id = ?1 AND message_count = ?2",
        )
        .bind(id.to_string())
        .bind(row::integer(expected_len))
        .bind(at.as_millisecond())
        .bind(title)
        .execute(&mut *transaction)
        .await
        .map_err(|error| self.sqlite(error))?;
        if updated.rows_affected() == 0 {
            let found: Option<i64> =
                sqlx::query_scalar("SELECT message_count FROM threads WHERE id = ?1")
                    .bind(id.to_string())
                    .fetch_optional(&mut *transaction)
                    .await
                    .map_err(|error| self.sqlite(error))?;
            return Err(match found {
                Some(found) => ThreadStoreError::Conflict {
                    id,
                    expected: expected_len,
                    found: row::count(found),
                },
                None => ThreadStoreError::NotFound(id.to_string()),
            });
        }
        sqlx::query(
            "INSERT INTO messages (thread_id, seq, created_at, body) VALUES (?1, ?2, ?3, ?4)",
        )
        .bind(id.to_string())
        .bind(row::integer(expected_len))
        .bind(at.as_millisecond())
        .bind(body)
        .execute(&mut *transaction)
        .await
        .map_err(|error| self.sqlite(error))?;
        transaction
            .commit()
            .await
            .map_err(|error| self.sqlite(error))
    }

    /// Adds to the tokens that a thread has used.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ThreadStoreError::NotFound), or what kept it from being written.
    pub async fn add_usage(&self, id: ThreadId, usage: Usage) -> Result<(), ThreadStoreError> {
        // A sum that an integer cannot hold is a float to SQLite, and larger than the limit.
        let updated = sqlx::query(
            "UPDATE threads SET \
             input_tokens = min(input_tokens + ?2, 9223372036854775807), \
             output_tokens = min(output_tokens + ?3, 9223372036854775807), \
             cache_read_tokens = min(cache_read_tokens + ?4, 9223372036854775807), \
             cache_write_tokens = min(cache_write_tokens + ?5, 9223372036854775807) \
             WHERE id = ?1",
        )
        .bind(id.to_string())
        .bind(row::integer(usage.input_tokens))
        .bind(row::integer(usage.output_tokens))
        .bind(row::integer(usage.cache_read_tokens))
        .bind(row::integer(usage.cache_write_tokens))
        .execute(&self.pool)
        .await
        .map_err(|error| self.sqlite(error))?;
        found(id, updated.rows_affected())
    }

    /// Notes with what a thread goes on: folder, model, permission mode. They may have changed
    /// since it began.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ThreadStoreError::NotFound), or what kept it from being written.
    pub async fn go_on(&self, id: ThreadId, with: &Continuation) -> Result<(), ThreadStoreError> {
        let updated = sqlx::query(
            "UPDATE threads SET cwd = ?2, provider = ?3, model = ?4, permission_mode = ?5 \
             WHERE id = ?1",
        )
        .bind(id.to_string())
        .bind(row::path_bytes(&with.cwd))
        .bind(&with.provider)
        .bind(&with.model)
        .bind(with.permission_mode.to_string())
        .execute(&self.pool)
        .await
        .map_err(|error| self.sqlite(error))?;
        found(id, updated.rows_affected())
    }

    /// Gives a thread another title, folded to one line that is safe to print. An empty one takes
    /// the title away, and the next user text becomes the title.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ThreadStoreError::NotFound), or what kept it from being written.
    pub async fn set_title(&self, id: ThreadId, title: &str) -> Result<(), ThreadStoreError> {
        let updated = sqlx::query("UPDATE threads SET title = ?2 WHERE id = ?1")
            .bind(id.to_string())
            .bind(title::clean(title))
            .execute(&self.pool)
            .await
            .map_err(|error| self.sqlite(error))?;
        found(id, updated.rows_affected())
    }

    /// Deletes a thread with its messages, and overwrites them in the file.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ThreadStoreError::NotFound), or what kept it from being written.
    pub async fn delete(&self, id: ThreadId) -> Result<(), ThreadStoreError> {
        let deleted = sqlx::query("DELETE FROM threads WHERE id = ?1")
            .bind(id.to_string())
            .execute(&self.pool)
            .await
            .map_err(|error| self.sqlite(error))?;
        found(id, deleted.rows_affected())?;
        // The log still holds the messages, so it is written back and emptied. Where that cannot
        // be done now, as another process is reading or the disk is full, it is done later, and
        // the thread is deleted all the same.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&self.pool)
            .await
            .ok();
        Ok(())
    }

    /// Returns a thread with its log as it was stored; none if there is no such thread.
    ///
    /// # Errors
    ///
    /// [`Unreadable`](ThreadStoreError::Unreadable), [`Damaged`](ThreadStoreError::Damaged), or
    /// what kept it from being read.
    pub async fn load(&self, id: ThreadId) -> Result<Option<StoredThread>, ThreadStoreError> {
        // One transaction: both statements see the file at the same moment.
        let mut transaction = self
            .pool
            .begin()
            .await
            .map_err(|error| self.sqlite(error))?;
        let Some(row) = sqlx::query("SELECT * FROM threads WHERE id = ?1")
            .bind(id.to_string())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(|error| self.sqlite(error))?
        else {
            return Ok(None);
        };
        let thread = row::thread(&row).map_err(|error| self.sqlite(error))?;
        let bodies: Vec<(i64, String)> =
            sqlx::query_as("SELECT seq, body FROM messages WHERE thread_id = ?1 ORDER BY seq")
                .bind(id.to_string())
                .fetch_all(&mut *transaction)
                .await
                .map_err(|error| self.sqlite(error))?;
        drop(transaction);
        let complete = bodies
            .iter()
            .map(|(seq, _)| row::count(*seq))
            .eq(0..thread.entry_count);
        if !complete {
            return Err(self.damaged(format!("messages of thread {id} are missing")));
        }
        let entries = bodies
            .into_iter()
            .map(|(seq, body)| {
                serde_json::from_str(&body).map_err(|source| ThreadStoreError::Unreadable {
                    id,
                    seq: row::count(seq),
                    source,
                })
            })
            .collect::<Result<_, _>>()?;
        let log = Log::from_entries(entries)
            .map_err(|error| self.damaged(format!("thread {id}: {error}")))?;
        Ok(Some(StoredThread { thread, log }))
    }

    /// Returns a thread without its log; none if there is no such thread.
    ///
    /// # Errors
    ///
    /// What kept it from being read.
    pub async fn find(&self, id: ThreadId) -> Result<Option<Thread>, ThreadStoreError> {
        let row = sqlx::query("SELECT * FROM threads WHERE id = ?1")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| self.sqlite(error))?;
        row.map(|row| row::thread(&row).map_err(|error| self.sqlite(error)))
            .transpose()
    }

    /// Lists threads, the one with the latest message first.
    ///
    /// # Errors
    ///
    /// What kept them from being read.
    pub async fn list(&self, filter: &ThreadFilter) -> Result<Vec<Thread>, ThreadStoreError> {
        // SQLite takes a negative limit for none.
        let limit = filter.limit.map_or(-1, i64::from);
        let query = match &filter.cwd {
            Some(cwd) => sqlx::query(
                "SELECT * FROM threads WHERE cwd = ?2 ORDER BY updated_at DESC, id DESC LIMIT ?1",
            )
            .bind(limit)
            .bind(row::path_bytes(cwd)),
            None => sqlx::query("SELECT * FROM threads ORDER BY updated_at DESC, id DESC LIMIT ?1")
                .bind(limit),
        };
        let rows = query
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.sqlite(error))?;
        rows.iter()
            .map(|row| row::thread(row).map_err(|error| self.sqlite(error)))
            .collect()
    }

    /// Returns the thread of a folder with the latest message; none if it has no thread.
    ///
    /// # Errors
    ///
    /// What kept it from being read.
    pub async fn latest(&self, cwd: &Path) -> Result<Option<Thread>, ThreadStoreError> {
        let filter = ThreadFilter {
            cwd: Some(cwd.to_owned()),
            limit: Some(1),
        };
        Ok(self.list(&filter).await?.pop())
    }

    /// Finds the thread that a person means: by its whole id, or by four or more digits from the
    /// beginning or the end of it, with or without `T-`.
    ///
    /// # Errors
    ///
    /// [`InvalidId`](ThreadStoreError::InvalidId), [`NotFound`](ThreadStoreError::NotFound),
    /// [`Ambiguous`](ThreadStoreError::Ambiguous), or what kept the file from being read.
    pub async fn resolve(&self, text: &str) -> Result<ThreadId, ThreadStoreError> {
        let part: PartialThreadId = text.parse()?;
        // The digits are hexadecimal, so they hold nothing that is special to LIKE.
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM threads WHERE replace(id, '-', '') LIKE 'T' || ?1 || '%' \
             OR replace(id, '-', '') LIKE '%' || ?1 \
             ORDER BY updated_at DESC, id DESC LIMIT ?2",
        )
        .bind(part.digits())
        .bind(row::integer(MAX_CANDIDATES as u64 + 1))
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.sqlite(error))?;
        let mut candidates = ids
            .iter()
            .map(|id| row::id(id).map_err(|error| self.sqlite(error)))
            .collect::<Result<Vec<_>, _>>()?;
        match candidates.as_slice() {
            [] => Err(ThreadStoreError::NotFound(text.to_owned())),
            [id] => Ok(*id),
            _ => {
                let more = candidates.len() > MAX_CANDIDATES;
                candidates.truncate(MAX_CANDIDATES);
                Err(ThreadStoreError::Ambiguous {
                    text: text.to_owned(),
                    candidates,
                    more,
                })
            }
        }
    }

    fn sqlite(&self, error: sqlx::Error) -> ThreadStoreError {
        ThreadStoreError::from_sqlx(&self.path, error)
    }

    fn damaged(&self, message: String) -> ThreadStoreError {
        ThreadStoreError::Damaged {
            path: self.path.to_path_buf(),
            message,
        }
    }
}

/// Makes an error of a statement that changed no row.
fn found(id: ThreadId, rows: u64) -> Result<(), ThreadStoreError> {
    if rows == 0 {
        return Err(ThreadStoreError::NotFound(id.to_string()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
