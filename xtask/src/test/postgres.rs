//! A PostgreSQL server for one run of the tests: in a temporary folder, reached through a Unix socket
//! there and nowhere else, without durability, gone afterwards.
//!
//! PostgreSQL refuses to run as root. Root starts it as another user, to whom the folder then belongs;
//! root itself can enter it all the same.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::cleanup::Cleanup;
use crate::process;

/// The users that root may run the server as; `postgres` comes with the server's package.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// Settings of the server. Nothing has to survive a power cut; the tests open many connections.
const SETTINGS: &str = "-c listen_addresses='' -c fsync=off -c synchronous_commit=off \
                        -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB";

/// Stops the server at once, without writing out what is deleted anyway, and deletes its folder.
const STOP: &str = r#"
pid=$(head -n 1 "$1/data/postmaster.pid") && kill -QUIT "$pid" &&
    while kill -0 "$pid"; do sleep 0.05; done
rm -rf -- "$1"
"#;

/// A running server; dropping it stops it and deletes its data.
pub(super) struct Postgres {
    url: String,
    _cleanup: Cleanup,
}

impl Postgres {
    /// Starts a server with the programs in `programs` and waits until it takes connections.
    pub(super) fn start(programs: &Path) -> anyhow::Result<Self> {
        let user = User::for_server()?;
        let folder = tempfile::Builder::new()
            .prefix("loom-postgres-")
            .tempdir_in(socket_parent())
            .context("cannot make a temporary folder for PostgreSQL")?
            .keep();
        let cleanup = Cleanup::arm(STOP, [&folder])?;
        if let Some(User { uid, gid }) = user {
            chown(&folder, Some(uid), Some(gid)).with_context(|| {
                format!("cannot hand {} to the server's user", folder.display())
            })?;
        }
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(programs.join(program));
            command
                .arg("-D")
                .arg(folder.join("data"))
                .args(arguments)
                .current_dir(&folder);
            if let Some(User { uid, gid }) = user {
                command.uid(uid).gid(gid);
            }
            process::output(&mut command)
        };
        run(
            "initdb",
            &[
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
        )
        .context("cannot create a PostgreSQL database")?;
        let log = folder.join("log");
        let options = format!(
            "{SETTINGS} -c unix_socket_directories='{}'",
            folder.display()
        );
        run(
            "pg_ctl",
            &[
                "start",
                "--wait",
                "--silent",
                "--log",
                &log.to_string_lossy(),
                "--options",
                &options,
            ],
        )
        .with_context(|| {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            format!("cannot start PostgreSQL, which wrote:\n{}", log.trim_end())
        })?;
        let url = format!(
            "postgres://postgres@localhost/postgres?host={}",
            folder.display()
        );
        Ok(Self {
            url,
            _cleanup: cleanup,
        })
    }

    /// Returns the address of the server's first database, where a test makes one of its own.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

/// Returns the folder for the server's folder: the usual one for temporary files, unless the path of
/// the socket would become longer than the 107 bytes that a Unix socket address has.
fn socket_parent() -> PathBuf {
    const ROOM_FOR_NAMES: usize = "/loom-postgres-XXXXXX/.s.PGSQL.65535.lock".len();
    let usual = std::env::temp_dir();
    if usual.as_os_str().len() + ROOM_FOR_NAMES <= 107 {
        usual
    } else {
        "/tmp".into()
    }
}

#[derive(Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

impl User {
    /// Returns the user to switch to, or `None` when this user may run the server.
    fn for_server() -> anyhow::Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        USERS
            .iter()
            .find_map(|name| Self::named(name).ok())
            .map(Some)
            .with_context(|| {
                format!(
                    "PostgreSQL does not run as root, and there is no user {}",
                    USERS.join(" or ")
                )
            })
    }

    fn named(name: &str) -> anyhow::Result<Self> {
        let id = |which: &str| -> anyhow::Result<u32> {
            Ok(process::output(Command::new("id").args([which, name]))?
                .trim()
                .parse()?)
        };
        Ok(Self {
            uid: id("-u")?,
            gid: id("-g")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::super::requirements;
    use super::*;

    #[test]
    fn server_takes_connections_and_leaves_nothing_behind() {
        let postgres = Postgres::start(&requirements::look().unwrap().postgres).unwrap();
        let (_, folder) = postgres.url().split_once("?host=").unwrap();
        let folder = PathBuf::from(folder);
        let socket = folder.join(".s.PGSQL.5432");
        UnixStream::connect(&socket).unwrap();
        drop(postgres);
        assert!(!folder.exists());
    }
}
