//! Creating, continuing, listing and deleting threads.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use loom_common_core::compaction::{Carried, CutWords};
use loom_common_core::{
    Compaction, CompactionTrigger, Entry, Log, Message, PermissionMode, ToolResult,
    ToolResultContent, Usage,
};
use loom_common_thread::{
    GitMetadata, NewThread, StoredThread, Thread, ThreadFilter, ThreadStoreError,
};

use crate::scene::{Scene, at, id, new_thread};

#[tokio::test]
async fn a_new_thread_is_returned_and_loaded_as_it_was_given() {
    let scene = Scene::new();
    let store = scene.open().await;
    let new = NewThread {
        permission_mode: PermissionMode::Plan,
        git: Some(GitMetadata {
            branch: Some("main".to_owned()),
            commit: Some("da1b5b8".to_owned()),
            remote_url: Some("git@example.com:ada/engine.git".to_owned()),
        }),
        ..new_thread(1)
    };
    let expected = Thread {
        id: id(1),
        title: None,
        cwd: PathBuf::from("/home/ada/engine"),
        provider: "anthropic".to_owned(),
        model: "claude-opus-4-1".to_owned(),
        permission_mode: PermissionMode::Plan,
        git: new.git.clone(),
        created_at: at(1),
        updated_at: at(1),
        entry_count: 0,
        usage: Usage::default(),
    };
    assert_eq!(store.create(new).await.unwrap(), expected);
    assert_eq!(
        store.load(id(1)).await.unwrap(),
        Some(StoredThread {
            thread: expected,
            log: Log::new(),
        })
    );
}

#[tokio::test]
async fn appended_messages_are_there_after_opening_again() {
    let scene = Scene::new();
    let store = scene.open().await;
    let created = store.create(new_thread(1)).await.unwrap();
    let messages = [
        Message::user("Why does the build fail?"),
        Message::assistant(Vec::new()),
        Message::tool_results([ToolResult {
            tool_use_id: "call-1".to_owned(),
            content: vec![ToolResultContent::text("error: \u{0} \u{1b}[31m")],
            is_error: true,
        }]),
    ];
    for (seq, message) in messages.iter().enumerate() {
        store
            .append(
                id(1),
                seq as u64,
                &message.clone().into(),
                at(10 + seq as i64),
            )
            .await
            .unwrap();
    }
    store.close().await;

    let stored = scene.open().await.load(id(1)).await.unwrap().unwrap();
    assert_eq!(
        stored,
        StoredThread {
            thread: Thread {
                title: Some("Why does the build fail?".to_owned()),
                updated_at: at(12),
                entry_count: 3,
                ..created
            },
            log: messages.into_iter().map(Arc::new).collect(),
        }
    );
}

#[tokio::test]
async fn a_second_thread_of_the_same_id_is_refused() {
    let scene = Scene::new();
    let store = scene.open().await;
    let first = store.create(new_thread(1)).await.unwrap();
    let second = NewThread {
        model: "another".to_owned(),
        ..new_thread(1)
    };
    let error = store.create(second).await.unwrap_err();
    assert!(matches!(error, ThreadStoreError::Exists(taken) if taken == id(1)));
    assert_eq!(store.load(id(1)).await.unwrap().unwrap().thread, first);
}

#[tokio::test]
async fn threads_are_listed_by_their_latest_message_and_by_folder() {
    let scene = Scene::new();
    let store = scene.open().await;
    let not_utf8 = PathBuf::from(OsStr::from_bytes(b"/home/ada/\xff"));
    for number in 1..=4 {
        let cwd = match number {
            3 => not_utf8.clone(),
            _ => new_thread(number).cwd,
        };
        let new = NewThread {
            cwd,
            ..new_thread(number)
        };
        store.create(new).await.unwrap();
    }
    store
        .append(id(1), 0, &Message::user("later").into(), at(100))
        .await
        .unwrap();
    // A clock that goes back does not make a thread older.
    store
        .append(id(4), 0, &Message::user("earlier").into(), at(-100))
        .await
        .unwrap();

    let listed = async |filter: ThreadFilter| -> Vec<_> {
        let threads = store.list(&filter).await.unwrap();
        threads.into_iter().map(|thread| thread.id).collect()
    };
    assert_eq!(
        listed(ThreadFilter::default()).await,
        [id(1), id(4), id(3), id(2)]
    );
    let of_folder = ThreadFilter {
        cwd: Some(new_thread(1).cwd),
        limit: Some(2),
    };
    assert_eq!(listed(of_folder).await, [id(1), id(4)]);
    let latest = async |cwd: &Path| {
        let thread = store.latest(cwd).await.unwrap();
        thread.map(|thread| (thread.id, thread.cwd))
    };
    assert_eq!(latest(&not_utf8).await, Some((id(3), not_utf8.clone())));
    assert_eq!(latest(Path::new("/nowhere")).await, None);
}

#[tokio::test]
async fn tokens_add_up_and_stop_at_the_limit() {
    let scene = Scene::new();
    let store = scene.open().await;
    store.create(new_thread(1)).await.unwrap();
    let usage = Usage {
        input_tokens: 1,
        output_tokens: 20,
        cache_read_tokens: u64::MAX,
        cache_write_tokens: 4000,
    };
    store.add_usage(id(1), usage).await.unwrap();
    store.add_usage(id(1), usage).await.unwrap();
    assert_eq!(
        store.load(id(1)).await.unwrap().unwrap().thread.usage,
        Usage {
            input_tokens: 2,
            output_tokens: 40,
            cache_read_tokens: i64::MAX as u64,
            cache_write_tokens: 8000,
        }
    );
}

#[tokio::test]
async fn a_title_that_was_set_stays() {
    let scene = Scene::new();
    let store = scene.open().await;
    store.create(new_thread(1)).await.unwrap();
    store
        .set_title(id(1), "  the\u{1b}[2J \u{202e}bug\n hunt ")
        .await
        .unwrap();
    store
        .append(id(1), 0, &Message::user("hello").into(), at(5))
        .await
        .unwrap();
    let title = async || store.load(id(1)).await.unwrap().unwrap().thread.title;
    assert_eq!(title().await, Some("the[2J bug hunt".to_owned()));

    store.set_title(id(1), " \n").await.unwrap();
    assert_eq!(title().await, None);
    store
        .append(id(1), 1, &Message::user("second").into(), at(6))
        .await
        .unwrap();
    assert_eq!(title().await, Some("second".to_owned()));
}

#[tokio::test]
async fn a_deleted_thread_leaves_nothing_in_the_files() {
    let scene = Scene::new();
    let store = scene.open().await;
    for number in 1..=2 {
        store.create(new_thread(number)).await.unwrap();
        let secret = format!("the secret of thread {number}. ").repeat(1000);
        store
            .append(id(number), 0, &Message::user(secret).into(), at(5))
            .await
            .unwrap();
    }
    store.delete(id(1)).await.unwrap();

    assert_eq!(store.load(id(1)).await.unwrap(), None);
    let on_disk: String = std::fs::read_dir(scene.path().parent().unwrap())
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    assert!(!on_disk.contains("the secret of thread 1"));
    assert!(on_disk.contains("the secret of thread 2"));
}

#[tokio::test]
async fn what_is_asked_of_a_thread_that_is_not_there_says_so() {
    let scene = Scene::new();
    let store = scene.open().await;
    let missing = id(1).to_string();
    let errors = [
        store
            .append(id(1), 0, &Message::user("x").into(), at(0))
            .await,
        store.add_usage(id(1), Usage::default()).await,
        store.set_title(id(1), "x").await,
        store.delete(id(1)).await,
        store.resolve(&missing).await.map(drop),
    ];
    for error in errors {
        assert!(matches!(error, Err(ThreadStoreError::NotFound(text)) if text == missing));
    }
    assert_eq!(store.load(id(1)).await.unwrap(), None);
}

#[tokio::test]
async fn a_thread_is_found_by_the_beginning_or_the_end_of_its_id() {
    let scene = Scene::new();
    let store = scene.open().await;
    for number in 1..=12 {
        store.create(new_thread(number)).await.unwrap();
    }
    let name = id(7).to_string();
    let end = &name[name.len() - 8..];
    for text in [
        name.clone(),
        name.to_uppercase(),
        name.replace("T-", ""),
        name[2..].replace('-', ""),
        format!(" {name}\n"),
        name[..18].to_owned(),
        end.to_owned(),
        format!("t-{end}"),
    ] {
        assert_eq!(store.resolve(&text).await.unwrap(), id(7), "{text}");
    }

    // All of them are made within the same second.
    let ThreadStoreError::Ambiguous {
        text,
        candidates,
        more,
    } = store.resolve(&name[..10]).await.unwrap_err()
    else {
        panic!("twelve ids begin like this");
    };
    assert_eq!(text, name[..10]);
    assert_eq!(candidates, (3..=12).rev().map(id).collect::<Vec<_>>());
    assert!(more);

    for text in ["", "T-", "019", "T-zzzz", "%%%%", "T-0198_____"] {
        let error = store.resolve(text).await.unwrap_err();
        assert!(matches!(error, ThreadStoreError::InvalidId(_)), "{text}");
    }
}

#[tokio::test]
async fn rewinds_and_compactions_are_stored_and_give_no_title() {
    let scene = Scene::new();
    let store = scene.open().await;
    store.create(new_thread(1)).await.unwrap();
    let said = |text: &str| Entry::from(Message::user(text));
    let compaction = Compaction {
        trigger: CompactionTrigger::Person,
        words: vec![Arc::new(Message::user("not a title"))],
        cut_words: CutWords::default(),
        handover: Arc::new(Message::user("summary")),
        recent: Vec::new(),
        carried: Carried::default(),
        summary_error: None,
        tokens_before: 100,
        tokens_after: 10,
    };
    let entries = [
        Entry::from(Message::assistant(vec![])),
        Entry::Rewind { to: 0 },
        Entry::Compaction(Arc::new(compaction)),
        said("first"),
        Entry::Rewind { to: 4 },
    ];
    for (seq, entry) in (0..).zip(&entries) {
        store.append(id(1), seq, entry, at(1)).await.unwrap();
    }

    let error = store
        .append(id(1), 5, &Entry::Rewind { to: 6 }, at(1))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "message 5 of thread {} cannot be read: \
             a log of 5 entries cannot be set back to its entry 6",
            id(1)
        )
    );
    let stored = store.load(id(1)).await.unwrap().unwrap();
    assert_eq!(stored.log.entries(), entries);
    assert_eq!(stored.thread.title.as_deref(), Some("first"));
    assert_eq!(stored.thread.entry_count, 5);
}
