//! How errors of the library below become errors of a repository.

use std::error::Error;

use super::error::RepositoryError;

/// Says what was done when something went wrong.
pub(super) trait Doing<T> {
    /// Turns an error into one that says that `action`, as in `read the stitch`, cannot be done.
    fn doing(self, action: &str) -> Result<T, RepositoryError>;
}

impl<T, E: Error + 'static> Doing<T> for Result<T, E> {
    fn doing(self, action: &str) -> Result<T, RepositoryError> {
        self.map_err(|error| RepositoryError::from_cause(action, &error))
    }
}
