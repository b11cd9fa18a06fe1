//! The tension log: all operations, and the way back to each.

use jj_lib::op_walk::OpsetEvaluationError;

use super::error::{RepositoryError, chain};

/// Makes the error for an expression of operations.
pub(super) fn operation_error(expression: &str, error: &OpsetEvaluationError) -> RepositoryError {
    match error {
        OpsetEvaluationError::OpsetResolution(_) => RepositoryError::Expression {
            expression: expression.to_owned(),
            message: chain(error),
            hint: Some("`loom spool tension-log` shows all operations".to_owned()),
        },
        error => RepositoryError::from_cause("read the tension log", error),
    }
}
