//! The SQL of access tokens.

use jiff::Timestamp;
use loom_server_db::{Db, DbError, FromRow, Query, Row};

use crate::{TokenId, TokenInfo, TokenKind};

/// A token as it is stored: what is known of it, and its hash.
pub(crate) struct StoredToken {
    pub(crate) info: TokenInfo,
    pub(crate) hash: Vec<u8>,
}

impl FromRow for StoredToken {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let kind: String = row.get("kind")?;
        Ok(Self {
            info: TokenInfo {
                id: TokenId(row.get("id")?),
                name: row.get("name")?,
                kind: TokenKind::from_name(&kind)
                    .ok_or_else(|| DbError::UnknownValue { column: "kind" })?,
                created_at: time(row.get("created_at")?, "created_at")?,
                last_used_at: optional_time(row.get("last_used_at")?, "last_used_at")?,
                revoked_at: optional_time(row.get("revoked_at")?, "revoked_at")?,
            },
            hash: row.get("hash")?,
        })
    }
}

fn time(ms: i64, column: &'static str) -> Result<Timestamp, DbError> {
    Timestamp::from_millisecond(ms).map_err(|_| DbError::UnknownValue { column })
}

fn optional_time(ms: Option<i64>, column: &'static str) -> Result<Option<Timestamp>, DbError> {
    ms.map(|ms| time(ms, column)).transpose()
}

const INSERT: &str = "INSERT INTO access_tokens (id, name, kind, hash, created_at) \
                      VALUES ($1, $2, $3, $4, $5)";

async fn run_insert(query: Query<'_>, token: &StoredToken) -> Result<(), DbError> {
    query
        .bind(token.info.id.0)
        .bind(token.info.name.as_str())
        .bind(token.info.kind.as_str())
        .bind(token.hash.as_slice())
        .bind(token.info.created_at.as_millisecond())
        .execute()
        .await?;
    Ok(())
}

pub(crate) async fn insert(db: &Db, token: &StoredToken) -> Result<(), DbError> {
    run_insert(db.write(INSERT), token).await
}

/// Stores the token in the place of all others of its kind.
pub(crate) async fn replace_kind(db: &Db, token: &StoredToken) -> Result<(), DbError> {
    let mut transaction = db.begin().await?;
    transaction
        .query("DELETE FROM access_tokens WHERE kind = $1")
        .bind(token.info.kind.as_str())
        .execute()
        .await?;
    run_insert(transaction.query(INSERT), token).await?;
    transaction.commit().await
}

pub(crate) async fn find_by_hash(db: &Db, hash: &[u8]) -> Result<Option<StoredToken>, DbError> {
    db.read(
        "SELECT id, name, kind, hash, created_at, last_used_at, revoked_at \
         FROM access_tokens WHERE hash = $1",
    )
    .bind(hash)
    .fetch_optional()
    .await
}

/// Returns all tokens, the oldest first.
pub(crate) async fn list(db: &Db) -> Result<Vec<TokenInfo>, DbError> {
    let tokens: Vec<StoredToken> = db
        .read(
            "SELECT id, name, kind, hash, created_at, last_used_at, revoked_at \
             FROM access_tokens ORDER BY created_at, id",
        )
        .fetch_all()
        .await?;
    Ok(tokens.into_iter().map(|token| token.info).collect())
}

/// Revokes a token, and returns whether there is one. Revoking again keeps the first time.
pub(crate) async fn revoke(db: &Db, id: TokenId, now: Timestamp) -> Result<bool, DbError> {
    let changed = db
        .write("UPDATE access_tokens SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1")
        .bind(id.0)
        .bind(now.as_millisecond())
        .execute()
        .await?;
    Ok(changed > 0)
}

/// Notes a use at `now`, unless one after `cutoff` is noted already.
pub(crate) async fn touch(
    db: &Db,
    id: TokenId,
    now: Timestamp,
    cutoff: Timestamp,
) -> Result<(), DbError> {
    db.write(
        "UPDATE access_tokens SET last_used_at = $2 \
         WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)",
    )
    .bind(id.0)
    .bind(now.as_millisecond())
    .bind(cutoff.as_millisecond())
    .execute()
    .await?;
    Ok(())
}
