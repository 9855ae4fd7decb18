//! Random numbers of the whole crate: drawn on the host from an explicit seed, so that every device sees the same.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// What the numbers are for. Purposes draw from unrelated streams even where the caller gives the same seed.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    HoldOut = 1,
    #[cfg(feature = "tch")]
    Order = 2,
    Shift = 3,
    Augment = 4,
    #[cfg(feature = "tch")]
    Balance = 5,
}

/// The generator of one purpose, seed and epoch.
pub(crate) fn generator(purpose: Purpose, seed: u64, epoch: u64) -> ChaCha8Rng {
    nth_generator(purpose, seed, epoch, 0)
}

/// The same for the `nth` of several that draw for one purpose.
pub(crate) fn nth_generator(purpose: Purpose, seed: u64, epoch: u64, nth: usize) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8] = purpose as u8;
    key[16..24].copy_from_slice(&(nth as u64).to_le_bytes());
    let mut generator = ChaCha8Rng::from_seed(key);
    generator.set_stream(epoch);
    generator
}

/// The numbers from 0 to `count - 1` in random order (Fisher-Yates).
pub(crate) fn permutation(count: usize, generator: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(generator);
    order
}
