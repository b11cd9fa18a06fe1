//! Several sessions of one process, each with a connection of its own.

use loom_common_core::{Entry, Log, Message};
use loom_common_thread::{ThreadStore, ThreadStoreError};
use tokio::task::JoinSet;

use crate::scene::{Scene, at, id, new_thread};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_sessions_can_make_the_file_at_once() {
    let scene = Scene::new();
    let mut tasks = JoinSet::new();
    for number in 0..12 {
        let path = scene.path();
        tasks.spawn(async move {
            let store = ThreadStore::open(&path).await.unwrap();
            store.create(new_thread(number)).await.unwrap();
        });
    }
    tasks.join_all().await;
    let store = scene.open().await;
    assert_eq!(store.list(&Default::default()).await.unwrap().len(), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_on_different_threads_do_not_disturb_each_other() {
    const SESSIONS: u64 = 16;
    const MESSAGES: u64 = 20;
    let scene = Scene::new();
    let stores = [scene.open().await, scene.open().await];
    let mut tasks = JoinSet::new();
    for number in 0..SESSIONS {
        let store = stores[number as usize % 2].clone();
        tasks.spawn(async move {
            store.create(new_thread(number)).await.unwrap();
            for seq in 0..MESSAGES {
                let message = Entry::from(Message::user(format!("{number}: {seq}")));
                store
                    .append(id(number), seq, &message, at(1))
                    .await
                    .unwrap();
            }
        });
    }
    tasks.join_all().await;

    for number in 0..SESSIONS {
        let stored = stores[0].load(id(number)).await.unwrap().unwrap();
        let expected: Vec<_> = (0..MESSAGES)
            .map(|seq| Entry::from(Message::user(format!("{number}: {seq}"))))
            .collect();
        assert_eq!(stored.log.entries(), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_place_in_a_thread_is_taken_by_exactly_one_session() {
    const SESSIONS: usize = 8;
    let scene = Scene::new();
    let stores = [scene.open().await, scene.open().await];
    stores[0].create(new_thread(1)).await.unwrap();

    for seq in 0..20 {
        let mut tasks = JoinSet::new();
        for session in 0..SESSIONS {
            let store = stores[session % 2].clone();
            tasks.spawn(async move {
                let message = Entry::from(Message::user(format!("session {session}")));
                let result = store.append(id(1), seq, &message, at(1)).await;
                result.map(|()| message)
            });
        }
        let mut winners = Vec::new();
        for result in tasks.join_all().await {
            match result {
                Ok(message) => winners.push(message),
                Err(ThreadStoreError::Conflict {
                    id: thread,
                    expected,
                    found,
                }) => assert_eq!((thread, expected, found), (id(1), seq, seq + 1)),
                Err(error) => panic!("{error:?}"),
            }
        }
        let stored = stores[1].load(id(1)).await.unwrap().unwrap();
        assert_eq!(winners, stored.log.entries()[seq as usize..]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thread_that_grows_is_loaded_as_it_was_at_one_moment() {
    const MESSAGES: u64 = 200;
    let scene = Scene::new();
    let stores = [scene.open().await, scene.open().await];
    stores[0].create(new_thread(1)).await.unwrap();
    let writer = stores[0].clone();
    let writing = tokio::spawn(async move {
        for seq in 0..MESSAGES {
            let message = Entry::from(Message::user("more"));
            writer.append(id(1), seq, &message, at(1)).await.unwrap();
        }
    });
    let mut loaded = 0;
    while loaded < MESSAGES {
        let stored = stores[1].load(id(1)).await.unwrap().unwrap();
        assert!(stored.thread.entry_count >= loaded);
        loaded = stored.thread.entry_count;
        assert_eq!(stored.log.len(), loaded);
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn a_place_beyond_the_end_is_refused() {
    let scene = Scene::new();
    let store = scene.open().await;
    store.create(new_thread(1)).await.unwrap();
    let message = Entry::from(Message::user("hello"));
    for expected in [1, u64::MAX] {
        let error = store
            .append(id(1), expected, &message, at(1))
            .await
            .unwrap_err();
        assert!(
            matches!(error, ThreadStoreError::Conflict { expected: e, found: 0, .. } if e == expected),
            "{error:?}"
        );
    }
    assert_eq!(store.load(id(1)).await.unwrap().unwrap().log, Log::new());
}
