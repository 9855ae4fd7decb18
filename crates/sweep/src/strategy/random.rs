//! Combinations drawn at random (Bergstra and Bengio 2012: better than a grid where few of the keys matter).

use super::{Next, Seen, is_seen, settings};
use crate::space::Axis;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Draws that may repeat a trial before the space counts as used up.
const ATTEMPTS: usize = 1000;

/// The generator of a trial. Each has a stream of its own, so that what it draws does not depend on those before.
pub(super) fn generator(seed: u64, trial: usize) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(trial as u64);
    generator
}

/// A combination that was not tried.
pub(super) fn next(axes: &[Axis], seed: u64, seen: &[Seen]) -> Next {
    let mut generator = generator(seed, seen.len());
    let mut draw = || settings(axes, axes.iter().map(|axis| axis.draw(&mut generator)));
    (0..ATTEMPTS).map(|_| draw()).find(|it| !is_seen(seen, it)).map_or(Next::Done, Next::Try)
}
