//! What is made on the disk, and what becomes of a file that is not as it should be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use loom_common_core::{Entry, Log, Message};
use loom_common_thread::{ThreadStore, ThreadStoreError};
use sqlx::{Connection, SqliteConnection};

use crate::scene::{Scene, at, id, new_thread};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Lets this thread and those it starts meet permissions as everybody does, even when the tests
/// run as root.
fn give_up_privileges() {
    let mut capabilities = rustix::thread::capabilities(None).unwrap();
    capabilities.effective = rustix::thread::CapabilitySet::empty();
    rustix::thread::set_capabilities(None, capabilities).unwrap();
}

#[tokio::test]
async fn the_folder_and_the_files_are_for_their_owner_alone() {
    let scene = Scene::new();
    let store = scene.open().await;
    store.create(new_thread(1)).await.unwrap();
    assert_eq!(store.path(), scene.path());

    let folder = scene.path().parent().unwrap().to_owned();
    assert_eq!(mode(&folder), 0o700);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, mode(&path))
        })
        .collect();
    files.sort();
    assert_eq!(
        files,
        ["threads.db", "threads.db-shm", "threads.db-wal"].map(|name| (name.to_owned(), 0o600))
    );
}

#[tokio::test]
async fn permissions_that_the_user_chose_are_kept() {
    let scene = Scene::new();
    let folder = scene.path().parent().unwrap().to_owned();
    fs::create_dir_all(&folder).unwrap();
    set_mode(&folder, 0o750);
    fs::write(scene.path(), "").unwrap();
    set_mode(&scene.path(), 0o640);

    scene.open().await.create(new_thread(1)).await.unwrap();
    assert_eq!(mode(&folder), 0o750);
    assert_eq!(mode(&scene.path()), 0o640);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let scene = Scene::new();
    fs::create_dir_all(scene.path().parent().unwrap()).unwrap();
    let text = "shopping list: milk, bread\n".repeat(100);
    fs::write(scene.path(), &text).unwrap();

    let error = ThreadStore::open(&scene.path()).await.unwrap_err();
    assert!(
        matches!(error, ThreadStoreError::Foreign { .. }),
        "{error:?}"
    );
    assert_eq!(fs::read_to_string(scene.path()).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let scene = Scene::new();
    fs::create_dir_all(scene.path().parent().unwrap()).unwrap();
    let address = format!("sqlite:{}?mode=rwc", scene.path().display());
    let mut other = SqliteConnection::connect(&address).await.unwrap();
    sqlx::query("CREATE TABLE bookmarks (url TEXT)")
        .execute(&mut other)
        .await
        .unwrap();
    other.close().await.unwrap();
    let before = fs::read(scene.path()).unwrap();

    let error = ThreadStore::open(&scene.path()).await.unwrap_err();
    assert!(
        matches!(error, ThreadStoreError::Foreign { .. }),
        "{error:?}"
    );
    assert_eq!(fs::read(scene.path()).unwrap(), before);
}

#[tokio::test]
async fn a_damaged_file_is_named_wherever_it_is_damaged() {
    const PAGE: usize = 4096;
    let scene = Scene::new();
    let store = scene.open().await;
    store.create(new_thread(1)).await.unwrap();
    for seq in 0..6 {
        let message = Entry::from(Message::user("x".repeat(6000)));
        store.append(id(1), seq, &message, at(1)).await.unwrap();
    }
    store.close().await;
    let whole = fs::read(scene.path()).unwrap();

    for page in 1..whole.len() / PAGE {
        let mut bytes = whole.clone();
        bytes[page * PAGE..].fill(0xa5);
        fs::write(scene.path(), &bytes).unwrap();

        let error = match ThreadStore::open(&scene.path()).await {
            Ok(store) => {
                let error = store.load(id(1)).await.unwrap_err();
                store.close().await;
                error
            }
            Err(error) => error,
        };
        assert!(
            matches!(error, ThreadStoreError::Damaged { .. }),
            "{page}: {error:?}"
        );
        assert_eq!(fs::read(scene.path()).unwrap(), bytes);
    }
}

#[tokio::test]
async fn a_folder_without_write_permission_is_named() {
    give_up_privileges();
    let scene = Scene::new();
    scene.open().await.close().await;
    let folder = scene.path().parent().unwrap().to_owned();
    set_mode(&folder, 0o500);

    for path in [
        scene.path(),
        folder.join("other.db"),
        folder.join("sub/threads.db"),
    ] {
        let error = ThreadStore::open(&path).await.unwrap_err();
        assert!(
            matches!(error, ThreadStoreError::ReadOnly { .. }),
            "{error:?}"
        );
    }
    set_mode(&folder, 0o700);
    scene.open().await;
}

#[tokio::test]
async fn a_file_without_write_permission_can_be_read_and_is_named_when_writing() {
    give_up_privileges();
    let scene = Scene::new();
    let store = scene.open().await;
    store.create(new_thread(1)).await.unwrap();
    store.close().await;
    set_mode(&scene.path(), 0o400);

    let store = scene.open().await;
    let error = store
        .append(id(1), 0, &Message::user("hello").into(), at(1))
        .await
        .unwrap_err();
    assert!(
        matches!(error, ThreadStoreError::ReadOnly { .. }),
        "{error:?}"
    );
    assert_eq!(store.load(id(1)).await.unwrap().unwrap().log, Log::new());
}

#[tokio::test]
async fn a_path_that_cannot_be_a_file_is_named() {
    let scene = Scene::new();
    scene.open().await.close().await;
    let folder = scene.path().parent().unwrap().to_owned();
    for path in [folder, scene.path().join("threads.db")] {
        let error = ThreadStore::open(&path).await.unwrap_err();
        assert!(
            matches!(error, ThreadStoreError::Failed { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_newer_version_keeps_older_ones_out_but_not_those_that_have_the_file_open() {
    let scene = Scene::new();
    let open_before = scene.open().await;
    open_before.create(new_thread(1)).await.unwrap();
    let address = format!("sqlite:{}", scene.path().display());
    let mut newer = SqliteConnection::connect(&address).await.unwrap();
    sqlx::raw_sql(
        "ALTER TABLE messages ADD COLUMN mood TEXT; \
         CREATE TABLE moods (name TEXT PRIMARY KEY) STRICT; \
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (2, 'moods', true, x'00', 0)",
    )
    .execute(&mut newer)
    .await
    .unwrap();
    newer.close().await.unwrap();

    let error = ThreadStore::open(&scene.path()).await.unwrap_err();
    assert!(
        matches!(&error, ThreadStoreError::Newer { found: 2, known: 1, path } if *path == scene.path()),
        "{error:?}"
    );
    open_before
        .append(id(1), 0, &Message::user("still here").into(), at(1))
        .await
        .unwrap();
    let stored = open_before.load(id(1)).await.unwrap().unwrap();
    assert_eq!(stored.log.entries(), [Message::user("still here").into()]);
}
