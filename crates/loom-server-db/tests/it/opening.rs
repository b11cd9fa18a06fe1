//! Databases that cannot be opened.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use loom_common_secret::SecretString;
use loom_server_db::{DatabaseAddress, Db, DbError};
use loom_testing::database::{TestDatabase, on_postgres};

async fn refusal(address: &DatabaseAddress) -> DbError {
    Db::open(address, &[]).await.unwrap_err()
}

fn url(text: &str) -> SecretString {
    SecretString::new(text.to_owned())
}

fn postgres(text: &str) -> DatabaseAddress {
    DatabaseAddress::from_url(&url(text)).unwrap()
}

#[test]
fn a_url_is_told_by_its_scheme() {
    let read = |text: &str| DatabaseAddress::from_url(&url(text));
    for text in ["postgres://u:secret@host/db", "postgresql://host/db"] {
        assert!(
            matches!(read(text), Ok(DatabaseAddress::Postgres(_))),
            "{text}"
        );
    }
    for text in ["sqlite:/var/x.db", "sqlite:///var/x.db"] {
        let Ok(DatabaseAddress::Sqlite(path)) = read(text) else {
            panic!("{text} names a file");
        };
        assert_eq!(path, Path::new("/var/x.db"));
    }
    for text in [
        "",
        "mysql://u:secret@host/db",
        "/var/x.db",
        "sqlite:",
        "sqlite::memory:",
        "sqlite://:memory:",
        "sqlite:/var/x.db?mode=ro",
        "sqlite:x.db",
        "sqlite://var/x.db",
    ] {
        let error = read(text).unwrap_err();
        assert!(
            matches!(error, DbError::Address { .. }),
            "{text}: {error:?}"
        );
        assert!(!error.to_string().contains("secret"));
        assert!(error.hint().is_some());
    }
}

#[tokio::test]
async fn a_postgres_url_that_cannot_be_read_is_refused_without_showing_it() {
    let error = refusal(&postgres("postgres://u:secret@host:no-port/db")).await;
    assert!(matches!(error, DbError::Address { .. }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("secret"));
}

#[tokio::test]
async fn a_postgres_that_does_not_listen_is_told_with_its_address() {
    // Bound and dropped: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let error = refusal(&postgres(&format!(
        "postgres://u:secret@127.0.0.1:{port}/db"
    )))
    .await;
    let text = error.to_string();
    assert!(
        text.starts_with("the database is not available: PostgreSQL at 127.0.0.1:"),
        "{text}"
    );
    assert!(text.contains("refused"), "{text}");
    assert!(!text.contains("secret"));
    assert!(error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_postgres_that_never_answers_is_given_up() {
    // It accepts, in the kernel's queue, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let error = refusal(&postgres(&format!("postgres://u@127.0.0.1:{port}/db"))).await;
    assert!(
        error.to_string().ends_with("no answer within 5 s"),
        "{error}"
    );
}

#[test]
fn a_postgres_database_that_does_not_exist_is_told() {
    on_postgres(async |database: &TestDatabase| {
        let missing = database.url().expose().replace("loom_test_", "missing_");
        let error = refusal(&postgres(&missing)).await;
        assert!(matches!(error, DbError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("does not exist"), "{error}");
    });
}

#[tokio::test]
async fn a_sqlite_file_in_a_missing_folder_is_told_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/loom.db");
    let error = refusal(&DatabaseAddress::Sqlite(path.clone())).await;
    assert_eq!(
        error.to_string(),
        format!(
            "the database file cannot be used: {}: No such file or directory (os error 2)",
            path.display()
        )
    );
    assert!(error.hint().is_some());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loom.db");
    let text = "this is a letter to my aunt, and by no means a database\n".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let error = refusal(&DatabaseAddress::Sqlite(path.clone())).await;
    assert!(matches!(error, DbError::Damaged { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn only_the_owner_can_read_the_sqlite_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loom.db");
    let db = Db::open(&DatabaseAddress::Sqlite(path), &[]).await.unwrap();
    db.ping().await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
