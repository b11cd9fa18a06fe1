//! The life of access tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use loom_server_auth::{AccessTokens, AuthError, TokenId, TokenInfo, TokenKind};
use loom_server_db::{Db, DbError, FromRow, Row};
use loom_testing::server::MIGRATIONS;
use loom_testing::{TestDatabase, both_databases};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// A moment in 2026 with a part of a millisecond, which a store in milliseconds must not choke on.
const START_NS: i64 = 1_790_000_000_123_456_789;

/// Tokens with a clock that the test moves.
struct Fixture {
    db: Db,
    tokens: AccessTokens,
    now_ns: Arc<AtomicI64>,
}

impl Fixture {
    async fn new(database: &TestDatabase) -> Self {
        let db = database.open(MIGRATIONS).await;
        let now_ns = Arc::new(AtomicI64::new(START_NS));
        let clock = Arc::clone(&now_ns);
        Self {
            tokens: AccessTokens::new(
                db.clone(),
                Arc::new(move || {
                    Timestamp::from_nanosecond(clock.load(Ordering::SeqCst).into()).unwrap()
                }),
                Box::new(StdRng::seed_from_u64(1)),
            ),
            db,
            now_ns,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now_ns.load(Ordering::SeqCst) / 1_000_000).unwrap()
    }

    fn pass_seconds(&self, seconds: i64) {
        self.now_ns
            .fetch_add(seconds * 1_000_000_000, Ordering::SeqCst);
    }

    async fn only_token(&self) -> TokenInfo {
        self.tokens.settle().await;
        let mut tokens = self.tokens.list().await.unwrap();
        assert_eq!(tokens.len(), 1);
        tokens.remove(0)
    }
}

/// All text and bytes that are stored of tokens.
struct Stored(String, Vec<u8>);

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self(row.get("name")?, row.get("hash")?))
    }
}

both_databases! {
    async fn a_made_token_is_accepted_and_listed(database: &TestDatabase) {
        let fixture = Fixture::new(database).await;
        let (token, made) = fixture.tokens.create_personal("  my laptop ").await.unwrap();
        assert_eq!(
            made,
            TokenInfo {
                id: made.id,
                name: "my laptop".to_owned(),
                kind: TokenKind::Personal,
                created_at: fixture.now(),
                last_used_at: None,
                revoked_at: None,
            }
        );
        assert_eq!(fixture.tokens.authenticate(token.expose()).await.unwrap(), made);
        let listed = fixture.only_token().await;
        assert_eq!(listed, TokenInfo { last_used_at: Some(fixture.now()), ..made });
        assert_eq!(listed.id.to_string().parse::<TokenId>().unwrap(), listed.id);
    }

    async fn a_token_is_not_stored_but_its_hash(database: &TestDatabase) {
        let fixture = Fixture::new(database).await;
        let (token, _) = fixture.tokens.create_personal("a").await.unwrap();
        let stored: Vec<Stored> = fixture
            .db
            .read("SELECT name, hash FROM access_tokens")
            .fetch_all()
            .await
            .unwrap();
        let Stored(name, hash) = &stored[0];
        assert_eq!((name.as_str(), hash.len()), ("a", 32));
        let random_part = &token.expose()[5..37];
        assert!(!String::from_utf8_lossy(hash).contains(random_part));
    }

    async fn unknown_and_mistyped_tokens_are_told_apart(database: &TestDatabase) {
        let fixture = Fixture::new(database).await;
        let (token, info) = fixture.tokens.create_personal("a").await.unwrap();
        fixture.db.write("DELETE FROM access_tokens").execute().await.unwrap();
        let unknown = fixture.tokens.authenticate(token.expose()).await.unwrap_err();
        assert!(matches!(unknown, AuthError::Unknown), "{unknown:?}");
        let mistyped = token.expose().replace("loom_", "loon_");
        let malformed = fixture.tokens.authenticate(&mistyped).await.unwrap_err();
        assert!(matches!(malformed, AuthError::Malformed), "{malformed:?}");
        let error = fixture.tokens.revoke(info.id).await.unwrap_err();
        assert!(matches!(error, AuthError::NotFound(id) if id == info.id), "{error:?}");
    }

    async fn a_mistyped_token_is_refused_without_the_database(database: &TestDatabase) {
        let fixture = Fixture::new(database).await;
        fixture.db.close().await;
        let malformed = fixture.tokens.authenticate("loom_nonsense").await.unwrap_err();
        assert!(matches!(malformed, AuthError::Malformed), "{malformed:?}");
    }

    async fn a_revoked_token_is_refused_and_keeps_the_time_of_the_first_revocation(
        database: &TestDatabase
    ) {
        let fixture = Fixture::new(database).await;
        let (token, info) = fixture.tokens.create_personal("a").await.unwrap();
        fixture.tokens.authenticate(token.expose()).await.unwrap();
        fixture.tokens.revoke(info.id).await.unwrap();
        let revoked = fixture.tokens.authenticate(token.expose()).await.unwrap_err();
        assert!(matches!(revoked, AuthError::Revoked), "{revoked:?}");
        let first = fixture.now();
        fixture.pass_seconds(60);
        fixture.tokens.revoke(info.id).await.unwrap();
        assert_eq!(fixture.only_token().await.revoked_at, Some(first));
    }

    async fn the_time_of_last_use_is_written_once_a_minute(database: &TestDatabase) {
        let fixture = Fixture::new(database).await;
        let (token, _) = fixture.tokens.create_personal("a").await.unwrap();
        let mut seen = Vec::new();
        for seconds in [0, 59, 1] {
            fixture.pass_seconds(seconds);
            fixture.tokens.authenticate(token.expose()).await.unwrap();
            let last = fixture.only_token().await.last_used_at.unwrap();
            seen.push(last.as_millisecond() - START_NS / 1_000_000);
        }
        assert_eq!(seen, [0, 0, 60_000]);
    }

    async fn a_new_local_token_takes_the_place_of_the_one_before(database: &TestDatabase) {
        let fixture = Fixture::new(database).await;
        let (personal, _) = fixture.tokens.create_personal("mine").await.unwrap();
        let (first, _) = fixture.tokens.replace_local("local").await.unwrap();
        fixture.tokens.authenticate(first.expose()).await.unwrap();
        let (second, info) = fixture.tokens.replace_local("local").await.unwrap();
        assert_eq!(info.kind, TokenKind::Local);
        let error = fixture.tokens.authenticate(first.expose()).await.unwrap_err();
        assert!(matches!(error, AuthError::Unknown), "{error:?}");
        fixture.tokens.authenticate(second.expose()).await.unwrap();
        fixture.tokens.authenticate(personal.expose()).await.unwrap();
        assert_eq!(fixture.tokens.list().await.unwrap().len(), 2);
    }

    async fn names_that_would_spoil_a_list_are_refused(database: &TestDatabase) {
        let fixture = Fixture::new(database).await;
        for name in ["", "  ", "two\nlines", &"x".repeat(101)] {
            let error = fixture.tokens.create_personal(name).await.unwrap_err();
            assert!(matches!(error, AuthError::InvalidName), "{name:?}: {error:?}");
        }
        assert_eq!(fixture.tokens.list().await.unwrap(), []);
    }
}

#[test]
fn a_request_passes_though_its_time_cannot_be_written() {
    loom_testing::database::on_sqlite(async |database: &TestDatabase| {
        let fixture = Fixture::new(database).await;
        let (token, info) = fixture.tokens.create_personal("a").await.unwrap();
        // As on a full disk: reading works, writing does not.
        fixture
            .db
            .write("PRAGMA query_only = ON")
            .execute()
            .await
            .unwrap();
        assert_eq!(
            fixture.tokens.authenticate(token.expose()).await.unwrap(),
            info
        );
        assert_eq!(fixture.only_token().await, info);
    });
}

#[test]
fn a_request_does_not_wait_for_a_database_that_another_program_writes() {
    loom_testing::database::on_sqlite(async |database: &TestDatabase| {
        let fixture = Fixture::new(database).await;
        let (token, _) = fixture.tokens.create_personal("a").await.unwrap();
        let other = database.open(MIGRATIONS).await;
        let lock = other.begin().await.unwrap();
        // Waiting for the lock in here would end in giving up, and nothing would be noted.
        for _ in 0..2 {
            fixture.tokens.authenticate(token.expose()).await.unwrap();
        }
        drop(lock);
        other.close().await;
        let noted = fixture.only_token().await.last_used_at;
        assert_eq!(noted, Some(fixture.now()));
    });
}

#[test]
fn an_id_is_read_only_in_its_own_form() {
    for text in ["", "AT-", "AT-xyz", "0193c1a0-0000-7000-8000-000000000000"] {
        let error = text.parse::<TokenId>().unwrap_err();
        assert!(matches!(error, AuthError::InvalidId(_)), "{text}");
    }
}
