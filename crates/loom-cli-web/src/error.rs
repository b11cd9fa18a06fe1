//! Why a page could not be read.
//!
//! The reader of these messages is the model: each says what happened and, where it is not plain,
//! what to do next. They end up in a failed [`ToolOutput`](loom_common_core::ToolOutput).

use std::net::IpAddr;
use std::time::Duration;

use loom_cli_tools::ToolError;

/// Why a page could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WebError {
    /// The address is not one that can be fetched. The same call fails again.
    #[error("`{url}` cannot be fetched: {reason}")]
    BadUrl {
        /// The address as it was given, shortened.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The host is this machine, or in a private network, or no host for pages at all. The same
    /// call fails again.
    #[error(
        "{host} is at {address}, which is not on the public web, so it is not fetched. For a server \
         on this machine or in this network use a command such as curl, or ask the user to set \
         `web.allow_private`."
    )]
    OutOfReach {
        /// The host.
        host: String,
        /// The address.
        address: IpAddr,
    },
    /// The host has no address. Trying again seldom helps.
    #[error(
        "there is no host {host}: {reason}. Check the address; search for the page if need be."
    )]
    NoHost {
        /// The host.
        host: String,
        /// What the lookup said.
        reason: String,
    },
    /// No connection could be made. Trying again may help.
    #[error("cannot connect to {host}: {reason}")]
    NoConnection {
        /// The host.
        host: String,
        /// What stood in the way.
        reason: String,
    },
    /// The connection broke before the page was whole. Trying again may help.
    #[error("the connection to {host} broke before the page was whole: {reason}. Try once more.")]
    Cut {
        /// The host.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The page took too long. Trying again may help.
    #[error("{host} took longer than {limit:?}, and was given up. Try once more, or another page.")]
    TooSlow {
        /// The host.
        host: String,
        /// The limit.
        limit: Duration,
    },
    /// The server answers with a failure. Whether trying again helps depends on the status.
    #[error("{url} answered {status}.{advice}")]
    Status {
        /// The address that was asked last.
        url: String,
        /// Status and its name.
        status: String,
        /// What it means, as a sentence with a leading space, or nothing.
        advice: &'static str,
    },
    /// The page redirects without end. The same call fails again.
    #[error("{url} redirects in a circle, or too often; the last address was {last}")]
    RedirectLoop {
        /// The address that was asked first.
        url: String,
        /// The last one.
        last: String,
    },
    /// A redirect says no usable place. The same call fails again.
    #[error("{url} redirects to a place that is not an address: {location}")]
    BadRedirect {
        /// The address that was asked.
        url: String,
        /// The place, shortened.
        location: String,
    },
    /// What is there is no text. The same call fails again.
    #[error(
        "{url} is {what}, which this tool does not read. Download it with a command if you need it \
         and have a way to look into it."
    )]
    NotText {
        /// The address.
        url: String,
        /// What is there.
        what: String,
    },
    /// The body is packed in a way that was not asked for, or its packing is broken. The same call
    /// fails again.
    #[error("the answer of {url} cannot be unpacked: {reason}")]
    Packing {
        /// The address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// There is nothing at the offset. The same call fails again.
    #[error("the page has only {length} bytes of text; `offset` is {offset}")]
    OffsetBehindEnd {
        /// Bytes of text.
        length: usize,
        /// The offset.
        offset: usize,
    },
    /// `find` and `offset` were both given, or `find` is empty. The same call fails again.
    #[error("{0}")]
    Arguments(&'static str),
    /// The page made the conversion fail. The same call fails again.
    #[error("the page cannot be turned into text. This is a fault in Loom, not in the call.")]
    Broken,
}

impl From<WebError> for ToolError {
    fn from(error: WebError) -> Self {
        Self::Failed(error.to_string())
    }
}
