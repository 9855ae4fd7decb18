//! Every combination of the values on the axes; the last axis changes fastest.

use super::{Next, Seen, settings};
use crate::space::{Axis, Settings};

/// How many combinations there are.
pub(crate) fn size(axes: &[Axis]) -> usize {
    axes.iter().map(|axis| axis.listed().len()).fold(1, usize::saturating_mul)
}

/// Combination `n`, counted from 0.
pub(super) fn nth(axes: &[Axis], n: usize) -> Settings {
    let (mut left, mut values) = (n, Vec::new());
    for axis in axes.iter().rev() {
        let mut listed = axis.listed();
        let here = left % listed.len();
        left /= listed.len();
        values.push(listed.swap_remove(here));
    }
    values.reverse();
    settings(axes, values)
}

/// The combination behind those that were tried.
pub(super) fn next(axes: &[Axis], seen: &[Seen]) -> Next {
    if seen.len() < size(axes) { Next::Try(nth(axes, seen.len())) } else { Next::Done }
}
