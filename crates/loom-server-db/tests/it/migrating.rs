//! Migrations: applied once, one program at a time, and never backwards.

use loom_server_db::{Db, DbError, FromRow, Migration, Row};
use loom_testing::{TestDatabase, both_databases};

const FIRST: Migration = Migration::portable(1, "fruit", "CREATE TABLE fruit (name TEXT NOT NULL)");
const SECOND: Migration = Migration::portable(
    2,
    "an apple",
    "INSERT INTO fruit (name) VALUES ('apple'); INSERT INTO fruit (name) VALUES ('pear')",
);

#[derive(Debug, PartialEq)]
struct Fruit(String);

impl FromRow for Fruit {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        row.get("name").map(Self)
    }
}

async fn fruit(db: &Db) -> Vec<String> {
    let fruit: Vec<Fruit> = db
        .read("SELECT name FROM fruit ORDER BY name")
        .fetch_all()
        .await
        .unwrap();
    fruit.into_iter().map(|fruit| fruit.0).collect()
}

async fn refusal(database: &TestDatabase, migrations: &[Migration]) -> DbError {
    Db::open(&database.address(), migrations).await.unwrap_err()
}

both_databases! {
    async fn each_migration_is_applied_once(database: &TestDatabase) {
        database.open(&[FIRST]).await.close().await;
        database.open(&[FIRST, SECOND]).await.close().await;
        let db = database.open(&[FIRST, SECOND]).await;
        assert_eq!(fruit(&db).await, ["apple", "pear"]);
    }

    async fn programs_that_start_together_migrate_once(database: &TestDatabase) {
        let starts = (0..4).map(|_| database.open(&[FIRST, SECOND]));
        let dbs = futures::future::join_all(starts).await;
        assert_eq!(fruit(&dbs[0]).await, ["apple", "pear"]);
    }

    async fn a_database_of_a_newer_program_is_refused(database: &TestDatabase) {
        database.open(&[FIRST, SECOND]).await.close().await;
        let error = refusal(database, &[FIRST]).await;
        assert_eq!(
            error.to_string(),
            "the database has schema version 2, and this program knows versions up to 1"
        );
        assert_eq!(
            error.hint(),
            Some("update loom-server: a newer version of it has used this database")
        );
        assert!(!error.is_retryable());
    }

    async fn a_migration_that_was_changed_is_refused(database: &TestDatabase) {
        database.open(&[FIRST]).await.close().await;
        let changed = Migration::portable(1, "fruit", "CREATE TABLE fruit (name TEXT)");
        let error = refusal(database, &[changed]).await;
        assert!(matches!(error, DbError::MigrationChanged { version: 1 }), "{error:?}");
    }

    async fn a_migration_that_fails_leaves_nothing_behind(database: &TestDatabase) {
        let broken = Migration::portable(
            2,
            "broken",
            "INSERT INTO fruit (name) VALUES ('plum'); INSERT INTO vegetables (name) VALUES ('leek')",
        );
        let error = refusal(database, &[FIRST, broken]).await;
        assert!(matches!(error, DbError::Migration { version: 2, .. }), "{error:?}");
        let db = database.open(&[FIRST, SECOND]).await;
        assert_eq!(fruit(&db).await, ["apple", "pear"]);
    }
}
