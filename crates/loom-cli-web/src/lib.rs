//! Tools for the web: pages and search.
//!
//! # Types
//!
//! Two tools for a registry: [`WebFetchTool`] (`web_fetch`) reads a page from the machine that the
//! session runs on, [`WebSearchTool`] (`web_search`) has the person's own server search. What comes
//! of either is put between two marks and called data, because it is text from strangers: it must
//! not pass for instructions.
//!
//! # Flow of a fetch
//!
//! ```text
//! URL ──> is it one? ──> cache ──> client: request ──> redirect? ──same host──> again, five times at most
//!                          │         │ lookup: only to      └──other host──> the model is told, and asks anew
//!                          │         │ addresses that are allowed
//!                          │         v
//!                          │       body (bounded, unpacked) ──> media: text? HTML? ──> charset
//!                          │                                                              │
//!                          │            HTML: tidy ──> htmd ──> Markdown <────────────────┘
//!                          └──────> page ──> excerpt (from an offset, or around words) ──> marks
//! ```
//!
//! A redirect to another host is not followed, since permission was given for a host. The page as
//! text is kept for a quarter of an hour, so that reading on shows the same text and asks nobody.
//!
//! # What cannot happen
//!
//! - *A page of the private network is read by a name that leads there.* The addresses of a name
//!   are checked where the connection is made from them ([`Reach`]), so a name server that answers
//!   differently the second time gains nothing. For the same reason no proxy is used: it would look
//!   the name up itself.
//! - *Anything of the person's goes out.* No cookies, no credentials, no referrer; the User-Agent
//!   says that it is Loom.
//! - *A page fills the memory or the time.* The body ends at a limit, packed and unpacked; a fetch
//!   ends at a deadline; HTML is cut down to a shallow, well-formed skeleton in one pass before it
//!   becomes a tree, because parsers mend broken markup at a price that grows with its square.
//! - *Bytes that are no text reach the model.* Pictures, PDFs and the like are refused by name.
//!
//! # Failure
//!
//! As with every tool, a failure is an output that tells the model what happened and what it can
//! do: another address, a shorter way, giving up.

mod address;
mod body;
mod charset;
mod client;
mod error;
mod excerpt;
mod fetch;
mod html;
mod lookup;
mod marks;
mod media;
mod page;
mod search;

pub use address::Reach;
pub use fetch::{WebFetchSettings, WebFetchTool};
pub use lookup::{NameLookup, system_lookup};
pub use search::WebSearchTool;
