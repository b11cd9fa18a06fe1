//! The rules of access tokens.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use loom_server_db::Db;
use rand::{CryptoRng, Rng as _};
use subtle::ConstantTimeEq as _;
use tokio::sync::watch;

use crate::store::{self, StoredToken};
use crate::{AccessToken, AuthError, TokenId, TokenInfo, TokenKind};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Where random bits come from.
pub type Entropy = Box<dyn CryptoRng + Send>;

/// How exact `last_used_at` is.
const USE_RESOLUTION: SignedDuration = SignedDuration::from_mins(1);

/// The access tokens of a database. Clones share everything.
#[derive(Clone)]
pub struct AccessTokens {
    db: Db,
    clock: Clock,
    entropy: Arc<Mutex<Entropy>>,
    /// The tokens whose use is being written.
    noting: Arc<watch::Sender<HashSet<TokenId>>>,
}

impl AccessTokens {
    /// Serves the tokens of a database.
    pub fn new(db: Db, clock: Clock, entropy: Entropy) -> Self {
        Self {
            db,
            clock,
            entropy: Arc::new(Mutex::new(entropy)),
            noting: Arc::default(),
        }
    }

    /// Makes a personal token. The token is returned here and can never be had again.
    ///
    /// # Errors
    ///
    /// [`AuthError::InvalidName`], or an error of the database.
    pub async fn create_personal(&self, name: &str) -> Result<(AccessToken, TokenInfo), AuthError> {
        let (token, stored) = self.make(name, TokenKind::Personal)?;
        store::insert(&self.db, &stored).await?;
        Ok((token, stored.info))
    }

    /// Makes the local token, and forgets the one before: it is unknown from now on.
    ///
    /// # Errors
    ///
    /// [`AuthError::InvalidName`], or an error of the database.
    pub async fn replace_local(&self, name: &str) -> Result<(AccessToken, TokenInfo), AuthError> {
        let (token, stored) = self.make(name, TokenKind::Local)?;
        store::replace_kind(&self.db, &stored).await?;
        Ok((token, stored.info))
    }

    /// Returns all tokens, revoked ones too, the oldest first.
    ///
    /// # Errors
    ///
    /// An error of the database.
    pub async fn list(&self) -> Result<Vec<TokenInfo>, AuthError> {
        Ok(store::list(&self.db).await?)
    }

    /// Revokes a token. Revoking it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`AuthError::NotFound`], or an error of the database.
    pub async fn revoke(&self, id: TokenId) -> Result<(), AuthError> {
        if store::revoke(&self.db, id, (self.clock)()).await? {
            Ok(())
        } else {
            Err(AuthError::NotFound(id))
        }
    }

    /// Checks a token that a client presents. That it was used is noted in the background: a
    /// database that is slow to write, or cannot, neither delays nor fails the request.
    ///
    /// # Errors
    ///
    /// [`AuthError::Malformed`], [`AuthError::Unknown`] or [`AuthError::Revoked`] when the token
    /// is not good, or an error of the database.
    pub async fn authenticate(&self, presented: &str) -> Result<TokenInfo, AuthError> {
        let token: AccessToken = presented.parse()?;
        let hash = token.hash();
        let stored = store::find_by_hash(&self.db, &hash)
            .await?
            .filter(|stored| bool::from(stored.hash.ct_eq(&hash)))
            .ok_or(AuthError::Unknown)?;
        if stored.info.revoked_at.is_some() {
            return Err(AuthError::Revoked);
        }
        self.note_use(&stored.info);
        Ok(stored.info)
    }

    /// Waits until no use is being written.
    pub async fn settle(&self) {
        // It fails only without a sender, and `self` has one.
        let _ = self.noting.subscribe().wait_for(HashSet::is_empty).await;
    }

    /// Starts to write the time of use, unless that is known well enough or being written.
    fn note_use(&self, token: &TokenInfo) {
        let now = (self.clock)();
        let is_recent = token
            .last_used_at
            .is_some_and(|last| now.duration_since(last) < USE_RESOLUTION);
        if is_recent {
            return;
        }
        let Some(noting) = Noting::begin(&self.noting, token.id) else {
            return;
        };
        tokio::spawn(noting.write(self.db.clone(), now));
    }

    fn make(&self, name: &str, kind: TokenKind) -> Result<(AccessToken, StoredToken), AuthError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(AuthError::InvalidName);
        }
        // Stored in milliseconds, so it is made so: what is returned equals what is listed later.
        let now = (self.clock)();
        let now_ms = now.as_millisecond();
        let mut random = [0_u8; 10];
        let token = {
            let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
            entropy.fill_bytes(&mut random);
            AccessToken::generate(&mut **entropy)
        };
        let id =
            uuid::Builder::from_unix_timestamp_millis(u64::try_from(now_ms).unwrap_or(0), &random);
        let stored = StoredToken {
            info: TokenInfo {
                id: TokenId(id.into_uuid()),
                name: name.to_owned(),
                kind,
                created_at: Timestamp::from_millisecond(now_ms).unwrap_or(now),
                last_used_at: None,
                revoked_at: None,
            },
            hash: token.hash().to_vec(),
        };
        Ok((token, stored))
    }
}

/// One token's use that is being written, until it is dropped: there is one at a time of each
/// token, so requests do not pile up writes behind a lock.
struct Noting {
    all: Arc<watch::Sender<HashSet<TokenId>>>,
    token: TokenId,
}

impl Noting {
    /// Returns `None` when the use of this token is being written already.
    fn begin(all: &Arc<watch::Sender<HashSet<TokenId>>>, token: TokenId) -> Option<Self> {
        let is_new = all.send_if_modified(|tokens| tokens.insert(token));
        is_new.then(|| Self {
            all: Arc::clone(all),
            token,
        })
    }

    async fn write(self, db: Db, now: Timestamp) {
        let token = self.token;
        if let Err(error) = store::touch(&db, token, now, now - USE_RESOLUTION).await {
            tracing::warn!(%token, %error, "cannot note the use of an access token");
        }
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        self.all
            .send_if_modified(|tokens| tokens.remove(&self.token));
    }
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AccessTokens")
            .finish_non_exhaustive()
    }
}
