//! What is told while something takes long. Showing it is the caller's.

/// How far a fetch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// Another process fetches into the same cache; it is waited for.
    Waiting,
    /// `done` of `total` bytes.
    Bytes {
        /// What is being done, such as `unpacking libtorch 2.11.0 (CPU)`.
        label: &'a str,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Bytes so far of something whose size is not known.
    Open {
        /// What is being done.
        label: &'a str,
        /// Bytes so far.
        done: u64,
    },
}
