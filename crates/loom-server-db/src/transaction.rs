//! Several statements that happen together or not at all.

use sqlx::{Postgres, Sqlite};

use crate::query::Target;
use crate::{DbError, Query};

/// A running transaction. Dropped without [`Transaction::commit`], it changes nothing.
#[derive(Debug)]
#[must_use = "a transaction that is not committed changes nothing"]
pub struct Transaction(pub(crate) TransactionOf);

#[derive(Debug)]
pub(crate) enum TransactionOf {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    /// Starts a statement inside the transaction. It may read and write.
    pub fn query(&mut self, sql: &'static str) -> Query<'_> {
        let target = match &mut self.0 {
            TransactionOf::Sqlite(transaction) => Target::Sqlite(transaction),
            TransactionOf::Postgres(transaction) => Target::Postgres(transaction),
        };
        Query::new(target, sql)
    }

    /// Makes the changes last. They are on disk when this returns.
    ///
    /// # Errors
    ///
    /// See [`DbError`]; nothing has changed then, unless the connection was lost while the
    /// answer was on its way.
    pub async fn commit(self) -> Result<(), DbError> {
        match self.0 {
            TransactionOf::Sqlite(transaction) => transaction.commit().await?,
            TransactionOf::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}
