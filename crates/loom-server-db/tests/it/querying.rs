//! Statements: values, rows, transactions and the errors of a schema.

use loom_server_db::{Db, DbError, FromRow, Migration, Row};
use loom_testing::{TestDatabase, both_databases};
use uuid::Uuid;

const MIGRATIONS: &[Migration] = &[Migration::portable(
    1,
    "things",
    "CREATE TABLE things (
        id UUID NOT NULL PRIMARY KEY,
        parent UUID REFERENCES things (id),
        name TEXT,
        size BIGINT CHECK (size >= 0),
        good BOOLEAN,
        data BYTEA
    )",
)];

const INSERT: &str =
    "INSERT INTO things (id, parent, name, size, good, data) VALUES ($1, $2, $3, $4, $5, $6)";

#[derive(Clone, Debug, Default, PartialEq)]
struct Thing {
    id: Uuid,
    parent: Option<Uuid>,
    name: Option<String>,
    size: Option<i64>,
    good: Option<bool>,
    data: Option<Vec<u8>>,
}

impl FromRow for Thing {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            parent: row.get("parent")?,
            name: row.get("name")?,
            size: row.get("size")?,
            good: row.get("good")?,
            data: row.get("data")?,
        })
    }
}

struct Count(i64);

impl FromRow for Count {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        row.get("count").map(Self)
    }
}

fn thing(id: u128) -> Thing {
    Thing {
        id: Uuid::from_u128(id),
        ..Thing::default()
    }
}

async fn insert(db: &Db, thing: &Thing) -> Result<u64, DbError> {
    db.write(INSERT)
        .bind(thing.id)
        .bind(thing.parent)
        .bind(thing.name.clone())
        .bind(thing.size)
        .bind(thing.good)
        .bind(thing.data.clone())
        .execute()
        .await
}

async fn count(db: &Db) -> i64 {
    let count: Option<Count> = db
        .read("SELECT COUNT(*) AS count FROM things")
        .fetch_optional()
        .await
        .unwrap();
    count.unwrap().0
}

both_databases! {
    async fn values_come_back_as_they_were_stored(database: &TestDatabase) {
        let db = database.open(MIGRATIONS).await;
        let full = Thing {
            id: Uuid::from_u128(2),
            parent: Some(Uuid::from_u128(1)),
            name: Some("naïve 🦀 'quoted'; --".to_owned()),
            size: Some(i64::MAX),
            good: Some(true),
            data: Some(vec![0, 255, 10]),
        };
        assert_eq!(insert(&db, &thing(1)).await.unwrap(), 1);
        assert_eq!(insert(&db, &full).await.unwrap(), 1);
        let all: Vec<Thing> = db.read("SELECT * FROM things ORDER BY id").fetch_all().await.unwrap();
        assert_eq!(all, [thing(1), full]);
    }

    async fn a_placeholder_can_stand_twice_and_in_any_order(database: &TestDatabase) {
        let db = database.open(MIGRATIONS).await;
        let stored: Option<Thing> = db
            .write("INSERT INTO things (id, parent, name) VALUES ($2, $2, $1) RETURNING *")
            .bind("own parent")
            .bind(Uuid::from_u128(7))
            .fetch_optional()
            .await
            .unwrap();
        let stored = stored.unwrap();
        assert_eq!(stored.parent, Some(stored.id));
        assert_eq!(stored.name.as_deref(), Some("own parent"));
    }

    async fn a_row_that_is_not_there_is_none(database: &TestDatabase) {
        let db = database.open(MIGRATIONS).await;
        let found: Option<Thing> = db.read("SELECT * FROM things").fetch_optional().await.unwrap();
        assert_eq!(found, None);
    }

    async fn a_committed_transaction_is_seen_by_the_next_read(database: &TestDatabase) {
        let db = database.open(MIGRATIONS).await;
        let mut transaction = db.begin().await.unwrap();
        for id in 1..=2 {
            transaction
                .query("INSERT INTO things (id) VALUES ($1)")
                .bind(Uuid::from_u128(id))
                .execute()
                .await
                .unwrap();
        }
        assert_eq!(count(&db).await, 0, "nothing is seen before the commit");
        transaction.commit().await.unwrap();
        assert_eq!(count(&db).await, 2);
    }

    async fn a_dropped_transaction_changes_nothing(database: &TestDatabase) {
        let db = database.open(MIGRATIONS).await;
        let mut transaction = db.begin().await.unwrap();
        transaction
            .query("INSERT INTO things (id) VALUES ($1)")
            .bind(Uuid::from_u128(1))
            .execute()
            .await
            .unwrap();
        drop(transaction);
        insert(&db, &thing(2)).await.unwrap();
        assert_eq!(count(&db).await, 1);
    }

    async fn broken_rules_are_told_apart(database: &TestDatabase) {
        let db = database.open(MIGRATIONS).await;
        insert(&db, &thing(1)).await.unwrap();
        let again = insert(&db, &thing(1)).await.unwrap_err();
        assert!(matches!(again, DbError::Unique { .. }), "{again:?}");
        let orphan = Thing { parent: Some(Uuid::from_u128(9)), ..thing(2) };
        let orphan = insert(&db, &orphan).await.unwrap_err();
        assert!(matches!(orphan, DbError::Constraint { .. }), "{orphan:?}");
        let negative = insert(&db, &Thing { size: Some(-1), ..thing(2) }).await.unwrap_err();
        assert!(matches!(negative, DbError::Constraint { .. }), "{negative:?}");
        assert_eq!(count(&db).await, 1);
    }

    async fn a_column_of_another_type_is_an_error(database: &TestDatabase) {
        let db = database.open(MIGRATIONS).await;
        let error = db.read("SELECT 'text' AS count").fetch_all::<Count>().await.err().unwrap();
        assert!(matches!(error, DbError::Column { column: "count", .. }), "{error:?}");
    }

    async fn a_closed_database_is_not_available(database: &TestDatabase) {
        let db = database.open(MIGRATIONS).await;
        assert!(db.ping().await.is_ok());
        db.close().await;
        let error = db.ping().await.unwrap_err();
        assert!(matches!(error, DbError::Unavailable { .. }), "{error:?}");
        assert!(error.is_retryable());
    }
}

#[test]
fn bound_values_are_not_shown_by_debug() {
    loom_testing::database::on_sqlite(async |database: &TestDatabase| {
        let db = database.open(MIGRATIONS).await;
        let query = db.read("SELECT $1").bind("a secret");
        assert!(!format!("{query:?}").contains("a secret"));
    });
}

#[test]
fn a_postgres_that_dropped_its_connections_is_used_again() {
    loom_testing::database::on_postgres(async |database: &TestDatabase| {
        let db = database.open(MIGRATIONS).await;
        db.ping().await.unwrap();
        let other = database.open(MIGRATIONS).await;
        let ended: Vec<Count> = other
            .read(
                "SELECT COUNT(pg_terminate_backend(pid)) AS count FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .fetch_all()
            .await
            .unwrap();
        assert!(ended[0].0 >= 1);
        db.ping().await.unwrap();
    });
}
