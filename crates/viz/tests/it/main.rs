//! What `viz` promises to those who call it.

mod files;
mod sheets;
mod tiling;
