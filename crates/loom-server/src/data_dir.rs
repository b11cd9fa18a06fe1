//! The folder for all that the server stores, and the database in it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use loom_server_config::ServerConfig;
use loom_server_db::{DatabaseAddress, Db};

use crate::{MIGRATIONS, StartError};

/// Name of the SQLite file in the data folder.
const DATABASE_FILE: &str = "loom.db";

/// Opens the database that the settings name, or the one in the data folder, which is made when
/// it is missing. Brings its schema up to date.
///
/// # Errors
///
/// [`StartError::DataDir`] and [`StartError::Database`].
pub async fn open_database(config: &ServerConfig) -> Result<Db, StartError> {
    let address = match &config.database.url {
        Some(url) => DatabaseAddress::from_url(url)?,
        None => {
            prepare(&config.data_dir)?;
            DatabaseAddress::Sqlite(config.data_dir.join(DATABASE_FILE))
        }
    };
    Ok(Db::open(&address, MIGRATIONS).await?)
}

/// Makes the folder when it is missing, readable for its owner only.
fn prepare(path: &Path) -> Result<(), StartError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| StartError::DataDir {
            path: path.to_owned(),
            source,
        })
}
