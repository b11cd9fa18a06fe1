//! `loom server`: the server on this machine.

use serde_json::json;

use super::{print, print_json};
use crate::arguments::ServerCommand;
use crate::error::CliError;
use crate::local_server::LocalServer;
use crate::setting::Setting;

pub(crate) async fn run(setting: &Setting, command: ServerCommand) -> Result<(), CliError> {
    let server = LocalServer::new(setting)?;
    match command {
        ServerCommand::Start => {
            let state = server.ensure_running().await?;
            print(&format!(
                "loom-server runs at {} (process {})\n",
                state.url, state.pid
            ))
        }
        ServerCommand::Stop => match server.stop().await? {
            true => print("loom-server has stopped\n"),
            false => print("no loom-server runs on this machine\n"),
        },
        ServerCommand::Status { json } => {
            let state = server.running()?;
            if json {
                return print_json(&match &state {
                    Some(state) => json!({
                        "running": true,
                        "url": state.url,
                        "pid": state.pid,
                        "version": state.version,
                        "log": server.log_file(),
                    }),
                    None => json!({ "running": false }),
                });
            }
            print(&match state {
                Some(state) => format!(
                    "loom-server {} runs at {} (process {})\nlog: {}\n",
                    state.version,
                    state.url,
                    state.pid,
                    server.log_file().display()
                ),
                None => "no loom-server runs on this machine\n".to_owned(),
            })
        }
    }
}
