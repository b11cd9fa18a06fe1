//! The store: all SQL on threads and messages.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use loom_common_core::{Message, PermissionMode, Usage};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row, Sqlite, Transaction};

use crate::error::ThreadStoreError;
use crate::id::{PartialThreadId, ThreadId};
use crate::thread::{GitMetadata, NewThread, StoredThread, Thread, ThreadFilter};
use crate::{schema, title};

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
            pool: schema::open(path).await?,
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

    /// Stores a new thread, without messages and title.
    ///
    /// # Errors
    ///
    /// [`Exists`](ThreadStoreError::Exists) when the id is taken, or what kept it from being
    /// written.
    pub async fn create(&self, new: NewThread) -> Result<Thread, ThreadStoreError> {
        let git = new.git.map(GitMetadata::without_credentials);
        let git = git
            .map(|git| serde_json::to_string(&git))
            .transpose()
            .map_err(|error| self.failed(error))?;
        let row = sqlx::query(
            "INSERT INTO threads \
             (id, cwd, provider, model, permission_mode, git, created_at, updated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) \
             ON CONFLICT DO NOTHING RETURNING *",
        )
        .bind(new.id.to_string())
        .bind(new.cwd.as_os_str().as_bytes())
        .bind(new.provider)
        .bind(new.model)
        .bind(new.permission_mode.to_string())
        .bind(git)
        .bind(new.created_at.as_millisecond())
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.sqlite(error))?
        .ok_or(ThreadStoreError::Exists(new.id))?;
        self.read_thread(&row)
    }

    /// Stores the next message of a thread, which the caller takes to have `expected_len`
    /// messages so far. The thread's first user text becomes its title.
    ///
    /// Once this returns, the message survives whatever happens to the process.
    ///
    /// # Errors
    ///
    /// [`Conflict`](ThreadStoreError::Conflict) when the thread has another number of messages,
    /// as another session has continued it; [`NotFound`](ThreadStoreError::NotFound); or what
    /// kept the message from being written. With any error nothing has changed.
    pub async fn append(
        &self,
        id: ThreadId,
        expected_len: u64,
        message: &Message,
        at: Timestamp,
    ) -> Result<(), ThreadStoreError> {
        let body = encode(message).map_err(|source| ThreadStoreError::Unreadable {
            id,
            seq: expected_len,
            source,
        })?;
        let mut transaction = self.begin().await?;
        // Taken as the next place only while it is the next place: this is where two sessions
        // that continue the same thread are told apart.
        let updated = sqlx::query(
            "UPDATE threads SET message_count = message_count + 1, \
             updated_at = max(updated_at, ?3), title = coalesce(title, ?4) \
             WHERE id = ?1 AND message_count = ?2",
        )
        .bind(id.to_string())
        .bind(integer(expected_len))
        .bind(at.as_millisecond())
        .bind(title::of_message(message))
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
                    found: count(found),
                },
                None => ThreadStoreError::NotFound(id.to_string()),
            });
        }
        sqlx::query(
            "INSERT INTO messages (thread_id, seq, created_at, body) VALUES (?1, ?2, ?3, ?4)",
        )
        .bind(id.to_string())
        .bind(integer(expected_len))
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
        .bind(integer(usage.input_tokens))
        .bind(integer(usage.output_tokens))
        .bind(integer(usage.cache_read_tokens))
        .bind(integer(usage.cache_write_tokens))
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
        // The log still holds the messages. Where another process is reading, this does nothing,
        // and the log is written back later.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&self.pool)
            .await
            .map_err(|error| self.sqlite(error))?;
        Ok(())
    }

    /// Returns a thread with its messages as they were stored; none if there is no such thread.
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
        let thread = self.read_thread(&row)?;
        let bodies: Vec<(i64, String)> =
            sqlx::query_as("SELECT seq, body FROM messages WHERE thread_id = ?1 ORDER BY seq")
                .bind(id.to_string())
                .fetch_all(&mut *transaction)
                .await
                .map_err(|error| self.sqlite(error))?;
        drop(transaction);
        let complete = bodies
            .iter()
            .map(|(seq, _)| count(*seq))
            .eq(0..thread.message_count);
        if !complete {
            return Err(self.damaged(format!("messages of thread {id} are missing")));
        }
        let messages = bodies
            .into_iter()
            .map(|(seq, body)| {
                serde_json::from_str(&body).map(Arc::new).map_err(|source| {
                    ThreadStoreError::Unreadable {
                        id,
                        seq: count(seq),
                        source,
                    }
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Some(StoredThread { thread, messages }))
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
            .bind(cwd.as_os_str().as_bytes()),
            None => sqlx::query("SELECT * FROM threads ORDER BY updated_at DESC, id DESC LIMIT ?1")
                .bind(limit),
        };
        let rows = query
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.sqlite(error))?;
        rows.iter().map(|row| self.read_thread(row)).collect()
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
        .bind(i64::try_from(MAX_CANDIDATES).unwrap_or(i64::MAX) + 1)
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.sqlite(error))?;
        let mut candidates = ids
            .iter()
            .map(|id| self.read_id(id))
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

    /// Begins to write. Waits here for other writers, and so never in the middle.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, ThreadStoreError> {
        self.pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(|error| self.sqlite(error))
    }

    /// Reads a row of the table of threads.
    fn read_thread(&self, row: &SqliteRow) -> Result<Thread, ThreadStoreError> {
        let text = |column| {
            row.try_get::<String, _>(column)
                .map_err(|error| self.sqlite(error))
        };
        let optional_text = |column| {
            row.try_get::<Option<String>, _>(column)
                .map_err(|error| self.sqlite(error))
        };
        let number = |column| {
            row.try_get::<i64, _>(column)
                .map_err(|error| self.sqlite(error))
        };
        let time = |column| {
            Timestamp::from_millisecond(number(column)?)
                .map_err(|error| self.damaged(error.to_string()))
        };
        let cwd: Vec<u8> = row.try_get("cwd").map_err(|error| self.sqlite(error))?;
        let git = optional_text("git")?
            .map(|git| serde_json::from_str(&git))
            .transpose()
            .map_err(|error| self.damaged(error.to_string()))?;
        Ok(Thread {
            id: self.read_id(&text("id")?)?,
            title: optional_text("title")?,
            cwd: PathBuf::from(OsStr::from_bytes(&cwd)),
            provider: text("provider")?,
            model: text("model")?,
            permission_mode: self.read_permission_mode(&text("permission_mode")?)?,
            git,
            created_at: time("created_at")?,
            updated_at: time("updated_at")?,
            message_count: count(number("message_count")?),
            usage: Usage {
                input_tokens: count(number("input_tokens")?),
                output_tokens: count(number("output_tokens")?),
                cache_read_tokens: count(number("cache_read_tokens")?),
                cache_write_tokens: count(number("cache_write_tokens")?),
            },
        })
    }

    fn read_id(&self, text: &str) -> Result<ThreadId, ThreadStoreError> {
        text.parse()
            .map_err(|error: crate::ParseThreadIdError| self.damaged(error.to_string()))
    }

    fn read_permission_mode(&self, text: &str) -> Result<PermissionMode, ThreadStoreError> {
        PermissionMode::deserialize(text.into_deserializer())
            .map_err(|error: serde::de::value::Error| self.damaged(error.to_string()))
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

    fn failed(&self, error: serde_json::Error) -> ThreadStoreError {
        ThreadStoreError::Failed {
            path: self.path.to_path_buf(),
            source: error.into(),
        }
    }
}

/// Writes a message as JSON that reads back as the same message.
///
/// It is read back here and now: JSON nested too deeply can be written and not read, and a thread
/// with such a message could never be loaded again.
fn encode(message: &Message) -> Result<String, serde_json::Error> {
    let body = serde_json::to_string(message)?;
    serde_json::from_str::<Message>(&body)?;
    Ok(body)
}

/// Turns a count into SQLite's integer, which ends at 2^63 - 1.
fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Turns SQLite's integer into a count.
fn count(integer: i64) -> u64 {
    u64::try_from(integer).unwrap_or(0)
}

/// Makes an error of a statement that changed no row.
fn found(id: ThreadId, rows: u64) -> Result<(), ThreadStoreError> {
    if rows == 0 {
        return Err(ThreadStoreError::NotFound(id.to_string()));
    }
    Ok(())
}
