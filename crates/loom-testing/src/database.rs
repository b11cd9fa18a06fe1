//! Scratch databases for store tests: each test gets an empty one of its own, on SQLite and on
//! PostgreSQL.
//!
//! [`both_databases!`](crate::both_databases) makes two tests of one function, `NAME::sqlite` and
//! `NAME::postgres`. PostgreSQL comes from the server that [`POSTGRES_VARIABLE`] names. Where there
//! is none the test fails: a store that was never tried on PostgreSQL must not look as if it were.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::PathBuf;

use futures::FutureExt;
use loom_common_secret::SecretString;
use loom_server_db::{DatabaseAddress, Db, Migration};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use url::Url;

/// The variable that holds the URL of a PostgreSQL database whose server may be used for tests.
pub const POSTGRES_VARIABLE: &str = "LOOM_TEST_POSTGRES_URL";

/// An empty database that is gone when the test ends, however it ends.
#[derive(Debug)]
pub struct TestDatabase {
    url: SecretString,
}

impl TestDatabase {
    /// The address of the database in the form of `DATABASE_URL`.
    #[must_use]
    pub fn url(&self) -> SecretString {
        self.url.clone()
    }

    /// The address of the database.
    ///
    /// # Panics
    ///
    /// Never: the URL is one that the address can be read from.
    #[must_use]
    pub fn address(&self) -> DatabaseAddress {
        DatabaseAddress::from_url(&self.url).expect("the URL of a test database is one")
    }

    /// Opens the database and applies migrations.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub async fn open(&self, migrations: &[Migration]) -> Db {
        Db::open(&self.address(), migrations)
            .await
            .expect("the test database opens")
    }
}

/// Runs a test on a SQLite file.
///
/// # Panics
///
/// When the test does.
pub fn on_sqlite(test: impl AsyncFnOnce(&TestDatabase)) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let path: PathBuf = folder.path().join("test.db");
    let database = TestDatabase {
        url: SecretString::new(format!("sqlite:{}", path.display())),
    };
    runtime().block_on(test(&database));
}

/// Runs a test on a new database of the PostgreSQL server that [`POSTGRES_VARIABLE`] names.
///
/// # Panics
///
/// When the test does, when the variable is not set, and when the server does not answer.
pub fn on_postgres(test: impl AsyncFnOnce(&TestDatabase)) {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one way in which the test runner tells where PostgreSQL is"
    )]
    let server = std::env::var(POSTGRES_VARIABLE).unwrap_or_else(|_| {
        panic!("{POSTGRES_VARIABLE} is not set; run `cargo xtask test`, which starts PostgreSQL")
    });
    runtime().block_on(async {
        let mut connection = PgConnection::connect(&server)
            .await
            .expect("the PostgreSQL server for tests answers");
        let name: String = sqlx::query_scalar("SELECT 'loom_test_' || gen_random_uuid()")
            .fetch_one(&mut connection)
            .await
            .expect("PostgreSQL makes a name");
        change(&mut connection, format!("CREATE DATABASE \"{name}\"")).await;
        let mut url = Url::parse(&server).expect("the address of PostgreSQL is a URL");
        url.set_path(&name);
        let database = TestDatabase {
            url: SecretString::new(url.into()),
        };
        let outcome = AssertUnwindSafe(test(&database)).catch_unwind().await;
        change(
            &mut connection,
            format!("DROP DATABASE \"{name}\" WITH (FORCE)"),
        )
        .await;
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    });
}

async fn change(connection: &mut PgConnection, sql: String) {
    sqlx::query(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .expect("PostgreSQL makes and drops databases");
}

fn runtime() -> Runtime {
    Runtime::new().expect("a runtime can be made")
}

/// Makes two tests of each function: `NAME::sqlite` and `NAME::postgres`.
///
/// ```
/// use loom_testing::{TestDatabase, both_databases};
///
/// # const MIGRATIONS: &[loom_server_db::Migration] = &[];
/// both_databases! {
///     async fn a_new_database_answers(database: &TestDatabase) {
///         database.open(MIGRATIONS).await.ping().await.unwrap();
///     }
/// }
/// ```
#[macro_export]
macro_rules! both_databases {
    ($(
        $(#[$attribute:meta])*
        async fn $name:ident($database:ident: $type:ty) $body:block
    )+) => {$(
        $(#[$attribute])*
        async fn $name($database: $type) $body

        mod $name {
            #[test]
            fn sqlite() {
                $crate::database::on_sqlite(super::$name);
            }

            #[test]
            fn postgres() {
                $crate::database::on_postgres(super::$name);
            }
        }
    )+};
}
