//! The schema that the migrations make is the same on both databases.

use loom_server::MIGRATIONS;
use loom_server_db::{Db, DbError, Dialect, FromRow, Row};
use loom_testing::{TestDatabase, both_databases};

/// A line of the description of a schema.
struct Line(String);

impl FromRow for Line {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        row.get("line").map(Self)
    }
}

/// Columns, then indices, in the words of PostgreSQL.
fn descriptions(dialect: Dialect) -> [&'static str; 2] {
    match dialect {
        Dialect::Sqlite => [
            "SELECT t.name || '.' || c.name || ' ' || c.type
                || CASE c.\"notnull\" WHEN 1 THEN ' NOT NULL' ELSE '' END AS line
             FROM sqlite_schema t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'
             ORDER BY t.name, c.cid",
            "SELECT t.name || CASE i.\"unique\" WHEN 1 THEN ' UNIQUE' ELSE '' END || ' ('
                || (SELECT group_concat(name, ', ') FROM pragma_index_info(i.name)) || ')' AS line
             FROM sqlite_schema t JOIN pragma_index_list(t.name) i
             WHERE t.type = 'table' AND t.name <> '_sqlx_migrations'
             ORDER BY line",
        ],
        Dialect::Postgres => [
            "SELECT table_name || '.' || column_name || ' ' || upper(data_type)
                || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END AS line
             FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'
             ORDER BY table_name, ordinal_position",
            "SELECT t.relname || CASE WHEN i.indisunique THEN ' UNIQUE' ELSE '' END || ' ('
                || (SELECT string_agg(a.attname, ', ' ORDER BY array_position(i.indkey, a.attnum))
                    FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = ANY (i.indkey))
                || ')' AS line
             FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
             WHERE t.relnamespace = 'public'::regnamespace AND t.relname <> '_sqlx_migrations'
             ORDER BY line",
        ],
    }
}

async fn describe(db: &Db) -> String {
    let mut text = String::new();
    for description in descriptions(db.dialect()) {
        let lines: Vec<Line> = db.read(description).fetch_all().await.unwrap();
        assert!(!lines.is_empty());
        for Line(line) in lines {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

both_databases! {
    async fn both_databases_have_the_same_schema(database: &TestDatabase) {
        let db = database.open(MIGRATIONS).await;
        // One snapshot for both.
        insta::assert_snapshot!("schema", describe(&db).await);
    }
}
