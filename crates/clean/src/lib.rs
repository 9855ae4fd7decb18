//! What a person does about labels that are probably wrong: [`Row`]s of a table that can be edited, a [`Page`] on which the pictures can be judged,
//! and moves between class folders ([`Journal`]) that never overwrite a file, survive being killed, and can be undone.
//!
//! What this crate does not know: how suspects are found ([`metrics::suspects()`]), models, the command line, the terminal.

mod error;
mod journal;
mod page;
mod plan;
mod table;

pub use error::Error;
pub use journal::{Journal, Move, State};
pub use page::{Page, Shown};
pub use plan::{File, plan};
pub use table::{Row, read, write};
