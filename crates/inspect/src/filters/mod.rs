//! What a model has learned to look for, and how that grew while it trained.

mod growth;
mod sheet;

pub use growth::{Grown, Growth, spoken};
pub use sheet::{Sheet, sheets};
