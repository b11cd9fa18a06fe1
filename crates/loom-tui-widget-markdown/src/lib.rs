//! Markdown of models in the terminal, drawn while it streams.
//!
//! # Types
//!
//! - [`Markdown`]: a document that text is [appended](Markdown::append) to, cut off anywhere, until it
//!   is [finished](Markdown::finish). It is drawn as [`Content`](loom_tui_core::Content), at any width.
//!   [`Markdown::settled_rows`] says how many of its rows no text to come will change, so that they may
//!   go to the terminal's scrollback.
//! - [`Hyperlink`]: which cells of which rows lead where, for whoever writes `OSC 8`. [`Hyperlinks`]
//!   says whether anybody does; where nobody does, addresses are shown.
//! - [`CodeWork`], [`ColouredCode`], [`Syntaxes`]: code that waits for colours, the colours, and what
//!   they are found with. Nothing here starts a thread: the caller runs the work where it likes.
//!
//! # Flow
//!
//! ```text
//!  append ──> open text ──whole lines──> tops: where can it be cut? ──> settled blocks ──> rows, kept
//!                 │                                                        │   ^
//!                 └── drawing ──> open blocks ──> rows, made anew          v   │ colours
//!                                                              code_work ──> run
//! ```
//!
//! `pulldown-cmark` says what text means (CommonMark, and of GitHub's: tables, strikethrough, task
//! lists, footnotes, alerts). It parses whole texts, so what it is given is kept short: a block that can
//! no longer change is **settled**, that is parsed by itself a last time and kept.
//!
//! # When a block is settled
//!
//! When whole lines show that another block follows it at the top of the document, or another item in
//! a list there: CommonMark never opens a closed block again (`settle`). Lines of code between fences
//! settle one by one. Three things would need more than that, and are decided so:
//!
//! - *References whose definition comes later* stay as they are written, and definitions are drawn
//!   where they stand, so nothing is lost. A reference sees the definitions before the next block.
//! - *Loose and tight lists* are not told apart: an empty row stands where the author has left one.
//! - *A block of more than 16 KiB* is cut and goes on as if it began anew, a table with its head. Hardly
//!   an answer has one, and the cut bounds the work for each byte, whatever comes.
//!
//! Property tests hold two equalities: text in pieces, cut anywhere, becomes the same rows as at once;
//! and settled blocks together are what the parser makes of the whole text.
//!
//! # Cost
//!
//! Appending costs a parse of the open block for each line, drawing one for each frame; both are
//! bounded, so a long answer costs its length. Rows are kept for one width and one palette.
//!
//! # Failure
//!
//! There is none: any text is Markdown. Only [`SafeText`](loom_tui_core::SafeText) is drawn. Markup
//! that a terminal cannot carry out is shown as text: HTML, images as their description and address.
//! Nesting beyond 24 levels is drawn flat; a table without room for its columns becomes a list. A
//! hyperlink is an address that `url` has read, with one of four schemes; where the text of a link names
//! another host than it leads to, the address stands beside it.
//!
//! # Why so
//!
//! Others parse the whole answer for each frame, which is quadratic; or wait for empty lines, and print
//! code and lists only when they are complete; or print what is there and correct it, which flickers
//! and leaves wrong text in the scrollback.

mod address;
mod block;
mod code;
mod fence;
mod inline;
mod layout;
mod markdown;
mod parse;
mod settle;
mod stream;

pub use address::Hyperlinks;
pub use code::{CodeWork, ColouredCode, Syntaxes};
pub use markdown::{Hyperlink, Markdown};
