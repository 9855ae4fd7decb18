//! Parting a validation set from the training pictures, by place, at random, or class by class.

use crate::random::{Purpose, generator, permutation};
use crate::{Error, Samples};

/// Which training pictures are held out for validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holdout {
    /// The last n in stored order.
    Last(usize),
    /// Any `count`, each picture being equally likely.
    Random {
        /// Pictures to hold out.
        count: usize,
        /// Seed of the draw.
        seed: u64,
    },
    /// `count` drawn class by class, so that the validation set has the proportions of the whole.
    ///
    /// A class of `n` among `N` pictures gives `count * n / N` of its own, rounded down; the pictures then still
    /// wanting come one each from the classes with the largest remainders (of equal ones, from the lower label).
    Stratified {
        /// Pictures to hold out.
        count: usize,
        /// Seed of the draws.
        seed: u64,
    },
}

impl Holdout {
    /// Number of pictures held out.
    pub fn count(self) -> usize {
        match self {
            Self::Last(count) | Self::Random { count, .. } | Self::Stratified { count, .. } => count,
        }
    }
}

/// Parts `all` into training and validation samples, in this order. Both keep the stored order, and every picture
/// is in exactly one of them.
///
/// # Errors
/// [`Error::HoldOut`] unless at least one picture is left on either side.
pub fn hold_out(all: &Samples, rule: Holdout) -> Result<(Samples, Samples), Error> {
    let is_held = held_out(all, rule)?;
    let (valid, train): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(|&index| is_held[index]);
    Ok((all.select(&train)?, all.select(&valid)?))
}

/// Of each picture, whether it is held out for validation.
pub(crate) fn held_out(all: &Samples, rule: Holdout) -> Result<Vec<bool>, Error> {
    let (count, available) = (rule.count(), all.len());
    if count == 0 || count >= available {
        let left_empty = if count == 0 { "validation" } else { "training" };
        return Err(Error::HoldOut { count, available, left_empty });
    }
    let held: Vec<usize> = match rule {
        Holdout::Last(_) => (available - count..available).collect(),
        Holdout::Random { seed, .. } => {
            permutation(available, &mut generator(Purpose::HoldOut, seed, 0)).split_off(available - count)
        }
        Holdout::Stratified { seed, .. } => stratified(all, count, seed),
    };
    let mut is_held = vec![false; available];
    for index in held {
        is_held[index] = true;
    }
    Ok(is_held)
}

fn stratified(all: &Samples, count: usize, seed: u64) -> Vec<usize> {
    let mut generator = generator(Purpose::HoldOut, seed, 0);
    let mut members = vec![Vec::new(); all.classes()];
    for (index, &label) in all.labels().iter().enumerate() {
        members[label as usize].push(index);
    }
    let sizes: Vec<usize> = members.iter().map(Vec::len).collect();
    let mut held = Vec::with_capacity(count);
    for (class, quota) in members.iter().zip(quotas(&sizes, count)) {
        let order = permutation(class.len(), &mut generator);
        held.extend(order[..quota].iter().map(|&place| class[place]));
    }
    held
}

/// Largest-remainder shares of `count` among classes of `sizes`; `count` is below their sum, so that no class is
/// asked for more than it has.
fn quotas(sizes: &[usize], count: usize) -> Vec<usize> {
    let total: u128 = sizes.iter().map(|&n| n as u128).sum();
    let exact = |n: usize| count as u128 * n as u128;
    let mut quotas: Vec<usize> = sizes.iter().map(|&n| (exact(n) / total) as usize).collect();
    let mut by_remainder: Vec<usize> = (0..sizes.len()).collect();
    by_remainder.sort_by_key(|&class| std::cmp::Reverse(exact(sizes[class]) % total));
    let wanting = count - quotas.iter().sum::<usize>();
    for &class in &by_remainder[..wanting] {
        quotas[class] += 1;
    }
    quotas
}
