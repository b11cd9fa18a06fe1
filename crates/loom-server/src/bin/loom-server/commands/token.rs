//! `loom-server token`: manages access tokens, whether a server runs or not.

use jiff::Timestamp;
use loom_server_auth::{AccessTokens, TokenInfo};
use loom_server_config::ServerConfig;

use super::print;
use super::serve::{clock, entropy};
use crate::arguments::TokenCommand;
use crate::failure::Failure;
use crate::runtime;
use crate::table::columns;

pub(crate) fn run(config: &ServerConfig, command: &TokenCommand) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let db = loom_server::open_database(config).await?;
        let tokens = AccessTokens::new(db.clone(), clock(), entropy());
        let text = answer(&tokens, command).await;
        db.close().await;
        print(&text?)
    })
}

async fn answer(tokens: &AccessTokens, command: &TokenCommand) -> Result<String, Failure> {
    match command {
        TokenCommand::Create { name } => {
            let (token, _) = tokens.create_personal(name).await?;
            Ok(format!("{}\n", token.expose()))
        }
        TokenCommand::List => Ok(listing(&tokens.list().await?)),
        TokenCommand::Revoke { id } => {
            tokens.revoke(id.parse()?).await?;
            Ok(format!("revoked {id}\n"))
        }
    }
}

fn listing(tokens: &[TokenInfo]) -> String {
    let head = ["ID", "KIND", "CREATED", "LAST USED", "REVOKED", "NAME"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head)
        .chain(tokens.iter().map(|token| {
            [
                token.id.to_string(),
                token.kind.as_str().to_owned(),
                shown(Some(token.created_at)),
                shown(token.last_used_at),
                shown(token.revoked_at),
                token.name.clone(),
            ]
        }))
        .collect();
    columns(&rows)
}

fn shown(time: Option<Timestamp>) -> String {
    match time {
        Some(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        None => "-".to_owned(),
    }
}
