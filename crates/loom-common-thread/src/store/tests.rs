//! Failures that need a hand on the store's own connection.

use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use loom_common_core::{ContentBlock, Message, PermissionMode};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use super::*;

/// A store that does not wait for locks, with one thread in it.
async fn store_with_thread() -> (TempDir, ThreadStore, ThreadId) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("threads.db");
    let store = ThreadStore {
        pool: schema::open(&path, Duration::ZERO).await.expect("a store"),
        path: path.into(),
    };
    let id = ThreadId::new(Timestamp::UNIX_EPOCH, &mut StdRng::seed_from_u64(1));
    let new = NewThread {
        id,
        cwd: PathBuf::from("/home/ada/engine"),
        provider: "anthropic".to_owned(),
        model: "claude-opus-4-1".to_owned(),
        permission_mode: PermissionMode::Auto,
        git: None,
        created_at: Timestamp::UNIX_EPOCH,
    };
    store.create(new).await.expect("a thread");
    (folder, store, id)
}

async fn entries(store: &ThreadStore, id: ThreadId) -> Vec<Entry> {
    let stored = store.load(id).await.expect("a store").expect("a thread");
    stored.log.entries().to_vec()
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_the_same_message_goes_in_once_there_is_room() {
    let (_folder, store, id) = store_with_thread().await;
    let small = Entry::from(Message::user("small"));
    let large = Entry::from(Message::user("large ".repeat(100_000)));
    store
        .append(id, 0, &small, Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    // The limit is the connection's, and gives the same error as a disk without room.
    sqlx::query("PRAGMA max_page_count = 20")
        .fetch_all(&store.pool)
        .await
        .unwrap();

    let error = store
        .append(id, 1, &large, Timestamp::UNIX_EPOCH)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ThreadStoreError::DiskFull { .. }),
        "{error:?}"
    );
    assert_eq!(entries(&store, id).await, std::slice::from_ref(&small));

    // The store has left the connection whose transaction failed, and the limit with it.
    store
        .append(id, 1, &large, Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    assert_eq!(entries(&store, id).await, [small, large]);
}

#[tokio::test]
async fn an_append_that_is_dropped_has_happened_whole_or_not_at_all() {
    let (_folder, store, id) = store_with_thread().await;
    let mut stored = 0;
    for polls in 0..60 {
        let message = Entry::from(Message::user(format!("dropped after {polls} polls")));
        {
            let mut append = pin!(store.append(id, stored, &message, Timestamp::UNIX_EPOCH));
            for _ in 0..polls {
                let poll = poll_fn(|context| Poll::Ready(append.as_mut().poll(context))).await;
                if poll.is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let found = entries(&store, id).await;
        if found.len() as u64 > stored {
            assert_eq!(found.last(), Some(&message));
            stored += 1;
        }
        assert_eq!(found.len() as u64, stored);
    }
}

#[tokio::test]
async fn a_lock_that_another_process_holds_is_named_and_does_not_stop_reading() {
    let (_folder, store, id) = store_with_thread().await;
    let message = Entry::from(Message::user("hello"));
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", store.path().display()))
        .await
        .unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();

    let error = store
        .append(id, 0, &message, Timestamp::UNIX_EPOCH)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ThreadStoreError::Locked { .. }),
        "{error:?}"
    );
    assert_eq!(entries(&store, id).await, []);

    lock.rollback().await.unwrap();
    store
        .append(id, 0, &message, Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    assert_eq!(entries(&store, id).await, [message]);
}

#[tokio::test]
async fn opening_waits_for_no_longer_than_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("threads.db");
    let address = format!("sqlite:{}?mode=rwc", path.display());
    let mut other = SqliteConnection::connect(&address).await.unwrap();
    let lock = other.begin_with("BEGIN EXCLUSIVE").await.unwrap();

    let error = schema::open(&path, Duration::ZERO).await.unwrap_err();
    assert!(
        matches!(error, ThreadStoreError::Locked { .. }),
        "{error:?}"
    );

    lock.rollback().await.unwrap();
    schema::open(&path, Duration::ZERO).await.unwrap();
}

#[tokio::test]
async fn a_message_that_could_not_be_read_again_is_refused() {
    let (_folder, store, id) = store_with_thread().await;
    let nested = (0..200).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    let mut message = Message::user("too deep");
    if let Some(ContentBlock::Text { extra, .. }) = message.content.first_mut() {
        extra.0.insert("citations".to_owned(), nested);
    }

    let error = store
        .append(id, 0, &message.into(), Timestamp::UNIX_EPOCH)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ThreadStoreError::Unreadable { seq: 0, .. }),
        "{error:?}"
    );
    assert_eq!(entries(&store, id).await, []);
}

#[tokio::test]
async fn a_message_of_a_later_version_is_named_and_the_others_are_left_alone() {
    let (_folder, store, id) = store_with_thread().await;
    for seq in 0..2 {
        store
            .append(
                id,
                seq,
                &Message::user("hello").into(),
                Timestamp::UNIX_EPOCH,
            )
            .await
            .unwrap();
    }
    let later = r#"{"role":"user","content":[{"type":"hologram"}]}"#;
    sqlx::query("UPDATE messages SET body = ?1 WHERE seq = 1")
        .bind(later)
        .execute(&store.pool)
        .await
        .unwrap();

    let error = store.load(id).await.unwrap_err();
    assert!(
        matches!(&error, ThreadStoreError::Unreadable { seq: 1, .. }),
        "{error:?}"
    );
    assert_eq!(store.list(&ThreadFilter::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_thread_with_a_gap_is_damaged() {
    let (_folder, store, id) = store_with_thread().await;
    for seq in 0..3 {
        store
            .append(
                id,
                seq,
                &Message::user("hello").into(),
                Timestamp::UNIX_EPOCH,
            )
            .await
            .unwrap();
    }
    sqlx::query("DELETE FROM messages WHERE seq = 1")
        .execute(&store.pool)
        .await
        .unwrap();

    let error = store.load(id).await.unwrap_err();
    assert!(
        matches!(error, ThreadStoreError::Damaged { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_log_of_changes_stays_small() {
    let (_folder, store, id) = store_with_thread().await;
    let large = "large ".repeat(100_000);
    for seq in 0..10 {
        let message = Entry::from(Message::user(&large));
        store
            .append(id, seq, &message, Timestamp::UNIX_EPOCH)
            .await
            .unwrap();
    }
    for seed in 2..12 {
        let new = NewThread {
            id: ThreadId::new(Timestamp::UNIX_EPOCH, &mut StdRng::seed_from_u64(seed)),
            cwd: PathBuf::new(),
            provider: String::new(),
            model: large.clone(),
            permission_mode: PermissionMode::Auto,
            git: None,
            created_at: Timestamp::UNIX_EPOCH,
        };
        store.create(new).await.unwrap();
    }
    let size = |name: &str| {
        let file = store.path().with_file_name(name);
        std::fs::metadata(file).unwrap().len()
    };
    let (file, log) = (size("threads.db"), size("threads.db-wal"));
    assert!(file + log > 12_000_000);
    assert!(log < 6_000_000, "{log}");
}
