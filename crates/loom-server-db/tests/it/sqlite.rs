//! What only SQLite has: one writer, and a file that can be full or locked.

use loom_server_db::{Db, DbError, FromRow, Migration, Row};
use loom_testing::database::{TestDatabase, on_sqlite};

const MIGRATIONS: &[Migration] = &[Migration::portable(
    1,
    "notes",
    "CREATE TABLE notes (text TEXT NOT NULL)",
)];

const INSERT: &str = "INSERT INTO notes (text) VALUES ($1)";

struct Text(String);

impl FromRow for Text {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        row.get("text").map(Self)
    }
}

async fn texts(db: &Db) -> Vec<String> {
    let texts: Vec<Text> = db.read("SELECT text FROM notes").fetch_all().await.unwrap();
    texts.into_iter().map(|text| text.0).collect()
}

#[test]
fn a_write_sent_to_the_readers_is_refused() {
    on_sqlite(async |database: &TestDatabase| {
        let db = database.open(MIGRATIONS).await;
        let error = db.read(INSERT).bind("x").execute().await.unwrap_err();
        assert!(matches!(error, DbError::ReadOnly { .. }), "{error:?}");
    });
}

#[test]
fn a_full_disk_is_told_and_what_was_there_stays() {
    on_sqlite(async |database: &TestDatabase| {
        let db = database.open(MIGRATIONS).await;
        db.write(INSERT).bind("kept").execute().await.unwrap();
        // The file may not grow by another page, as on a full disk.
        db.write("PRAGMA max_page_count = 1")
            .execute()
            .await
            .unwrap();
        let long = "x".repeat(100_000);
        let error = db
            .write(INSERT)
            .bind(long.as_str())
            .execute()
            .await
            .unwrap_err();
        assert!(matches!(error, DbError::DiskFull), "{error:?}");
        assert_eq!(
            error.hint(),
            Some("free some space on the disk that holds the database")
        );
        assert_eq!(texts(&db).await, ["kept"]);
        db.write("PRAGMA max_page_count = 1000")
            .execute()
            .await
            .unwrap();
        db.write(INSERT).bind("later").execute().await.unwrap();
        assert_eq!(texts(&db).await, ["kept", "later"]);
    });
}

#[test]
fn readers_do_not_wait_for_a_writer() {
    on_sqlite(async |database: &TestDatabase| {
        let db = database.open(MIGRATIONS).await;
        let mut writing = db.begin().await.unwrap();
        writing.query(INSERT).bind("half").execute().await.unwrap();
        assert_eq!(texts(&db).await, [""; 0]);
        writing.commit().await.unwrap();
        assert_eq!(texts(&db).await, ["half"]);
    });
}

#[test]
fn writers_of_two_programs_do_not_lose_each_others_work() {
    on_sqlite(async |database: &TestDatabase| {
        let (one, other) = (
            database.open(MIGRATIONS).await,
            database.open(MIGRATIONS).await,
        );
        let writes = (0..20).map(|number| {
            let db = if number % 2 == 0 { &one } else { &other };
            db.write(INSERT).bind(format!("{number:02}")).execute()
        });
        for written in futures::future::join_all(writes).await {
            assert_eq!(written.unwrap(), 1);
        }
        let mut found = texts(&one).await;
        found.sort();
        let expected: Vec<_> = (0..20).map(|number| format!("{number:02}")).collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn a_transaction_that_has_begun_can_write_though_another_program_wants_to() {
    on_sqlite(async |database: &TestDatabase| {
        let (one, other) = (
            database.open(MIGRATIONS).await,
            database.open(MIGRATIONS).await,
        );
        for _ in 0..20 {
            let mut transaction = one.begin().await.unwrap();
            let read = transaction.query("SELECT text FROM notes");
            read.fetch_all::<Text>().await.unwrap();
            // The other waits for the end of the transaction. If it could write now, what the
            // transaction has read would be old, and SQLite would refuse its write.
            let write = other.write(INSERT).bind("other").execute();
            let (written, ()) = tokio::join!(write, async {
                transaction
                    .query(INSERT)
                    .bind("one")
                    .execute()
                    .await
                    .unwrap();
                transaction.commit().await.unwrap();
            });
            assert_eq!(written.unwrap(), 1);
        }
        assert_eq!(texts(&one).await.len(), 40);
    });
}
