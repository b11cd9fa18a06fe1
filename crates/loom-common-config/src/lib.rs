//! Layered configuration that can tell where each value came from.
//!
//! A program declares its settings once, as a tree of plain structs, and adds a table that says how
//! each of them can be set:
//!
//! ```
//! use loom_common_config::{Arguments, Environment, Key, Origin, Sources, resolve};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
//! #[serde(default)]
//! struct Config {
//!     server: Server,
//! }
//!
//! #[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
//! #[serde(default)]
//! struct Server {
//!     /// Port to listen on.
//!     port: u16,
//! }
//!
//! const KEYS: &[Key] = &[Key::new("server.port").variables(&["APP_PORT"]).flag("--port")];
//!
//! let environment: Environment = [("APP_PORT", "8081")].into_iter().collect();
//! let arguments = Arguments::new().with("--port", Some(8082));
//! let resolved = resolve::<Config>(
//!     KEYS,
//!     &Sources { environment: &environment, arguments: &arguments, ..Sources::default() },
//! )?;
//! assert_eq!(resolved.value.server.port, 8082);
//! assert_eq!(*resolved.origin("server.port"), Origin::Argument { flag: "--port" });
//! # Ok::<(), loom_common_config::Error>(())
//! ```
//!
//! **Layers.** From the lowest to the highest: defaults, files in the order given, environment,
//! arguments. The highest layer that sets a key wins; its [`Origin`] is kept. An empty variable is
//! as good as an unset one. A key marked [`Key::or_file`] can also be given as `NAME_FILE`, the path
//! of a file that holds the value, as container platforms hand out secrets.
//!
//! **One declaration.** Types, meanings and secrecy come from the JSON schema of the structs: the
//! type of a field decides how the text of a variable is read, its doc comment is the text of the
//! reference, and a `Secret` is known by its schema (`writeOnly`). [`resolve`] refuses a table of
//! keys that does not match the structs one to one, so the two cannot drift apart. From the same
//! declaration come the list of all values for people ([`Resolved::rows`]), the reference
//! ([`reference`](fn@reference)) and the schema of the file ([`file_schema`]).
//!
//! **When it fails.** Every [`Error`] names the key and the place: file, line and column, variable,
//! or argument. Unknown keys in a file are errors, with the likely meant key as the hint. The value
//! of a secret never stands in an error or in the list.
//!
//! **Changes.** [`add_to_list`] writes what a person wants remembered into their file, and leaves their
//! comments in it.
//!
//! **No hidden input.** [`Environment`] is a snapshot that is handed in;
//! [`Environment::from_process`], for a program's `main`, is the only place that reads the real one.

mod directories;
mod edit;
mod environment;
mod error;
mod file;
mod http_url;
mod key;
mod kind;
mod origin;
mod reference;
mod resolve;
mod resolved;
mod schema;
mod sources;

pub use directories::Directories;
pub use edit::add_to_list;
pub use environment::Environment;
pub use error::Error;
pub use http_url::{HttpUrl, HttpUrlError};
pub use key::Key;
pub use origin::Origin;
pub use reference::reference;
pub use resolve::resolve;
pub use resolved::{Resolved, Row};
pub use schema::file_schema;
pub use sources::{Arguments, ConfigFile, Sources};
