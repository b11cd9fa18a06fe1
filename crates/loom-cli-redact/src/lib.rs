//! Looks for secrets in files, folders and git history.
