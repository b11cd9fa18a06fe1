//! What only a later version of the schema can show.

use std::fs;

use super::*;

/// The schema of a version that has one migration more.
fn later_migrator() -> Migrator {
    let mut migrations: Vec<Migration> = migrator().iter().cloned().collect();
    let version = migrations.len() as i64 + 1;
    migrations.push(Migration::new(
        version,
        "later".into(),
        MigrationType::Simple,
        "CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT".into_sql_str(),
        false,
    ));
    Migrator::with_migrations(migrations)
}

async fn versions(pool: &SqlitePool) -> Vec<i64> {
    sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version")
        .fetch_all(pool)
        .await
        .expect("the table of migrations")
}

#[tokio::test]
async fn an_older_file_is_brought_to_the_newer_schema_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("threads.db");
    let pool = open(&path, LOCK_WAIT).await.unwrap();
    assert_eq!(versions(&pool).await, [1]);

    prepare(&pool, &path, &later_migrator()).await.unwrap();
    assert_eq!(versions(&pool).await, [1, 2]);
    prepare(&pool, &path, &later_migrator()).await.unwrap();
    assert_eq!(versions(&pool).await, [1, 2]);
    pool.close().await;

    let before = fs::read(&path).unwrap();
    let error = open(&path, LOCK_WAIT).await.unwrap_err();
    assert!(matches!(
        error,
        ThreadStoreError::Newer {
            found: 2,
            known: 1,
            ..
        }
    ));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("threads.db");
    let pool = open(&path, LOCK_WAIT).await.unwrap();
    let mut migrations: Vec<Migration> = later_migrator().iter().cloned().collect();
    migrations.push(Migration::new(
        3,
        "broken".into(),
        MigrationType::Simple,
        "CREATE TABLE more (id INTEGER PRIMARY KEY); INSERT INTO nowhere VALUES (1)".into_sql_str(),
        false,
    ));

    let error = prepare(&pool, &path, &Migrator::with_migrations(migrations))
        .await
        .unwrap_err();
    assert!(matches!(error, ThreadStoreError::Failed { .. }));
    assert_eq!(versions(&pool).await, [1]);
    let added: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name IN ('later', 'more')")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(added, 0);
}
