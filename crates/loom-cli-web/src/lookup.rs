//! From names to addresses, with the check where the connection is made.
//!
//! A check ahead of the request would be worth nothing: the name could be looked up again for the
//! connection and lead elsewhere then ("DNS rebinding"). So the check stands in the resolver of the
//! HTTP client, whose addresses are the ones that are connected to. Addresses in a URL pass no
//! resolver; the client checks those itself.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::Reach;

/// Looks up the addresses of a name.
pub type NameLookup =
    Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Looks names up as the system does.
pub fn system_lookup() -> NameLookup {
    Arc::new(|name| {
        async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        }
        .boxed()
    })
}

/// Gives the HTTP client only addresses that are within reach.
pub(crate) struct CheckedResolver {
    pub(crate) lookup: NameLookup,
    pub(crate) reach: Reach,
}

/// Why a name gave no address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    /// The name leads only to addresses out of reach, of which this is one.
    #[error("{0} is out of reach")]
    OutOfReach(IpAddr),
    /// There is no such name, or it cannot be looked up.
    #[error("{0}")]
    NotFound(String),
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.lookup)(name.as_str().to_owned());
        let reach = self.reach;
        async move {
            let found = found
                .await
                .map_err(|error| LookupError::NotFound(error.to_string()))?;
            let allowed: Vec<SocketAddr> = found
                .iter()
                .filter(|address| reach.includes(**address))
                .map(|address| SocketAddr::new(*address, 0))
                .collect();
            match (allowed.is_empty(), found.first()) {
                (false, _) => Ok(Box::new(allowed.into_iter()) as Addrs),
                (true, Some(address)) => Err(LookupError::OutOfReach(*address).into()),
                (true, None) => Err(LookupError::NotFound("it has no address".to_owned()).into()),
            }
        }
        .boxed()
    }
}
