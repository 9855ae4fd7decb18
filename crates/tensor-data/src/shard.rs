//! Which part of something is one process' share, where several train together.

use std::ops::Range;

/// The share of process `rank`, counted from 0, of `of` processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    rank: usize,
    of: usize,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Shard = Shard { rank: 0, of: 1 };

    /// `None` unless `rank` is below `of`.
    pub fn new(rank: usize, of: usize) -> Option<Shard> {
        (rank < of).then_some(Shard { rank, of })
    }

    /// Its places among `count`: `[count r / of, count (r + 1) / of)`. The shares follow one another, leave nothing out, and differ
    /// by at most one.
    pub fn range(self, count: usize) -> Range<usize> {
        let at = |rank: usize| (count as u128 * rank as u128 / self.of as u128) as usize;
        at(self.rank)..at(self.rank + 1)
    }

    /// Whether it is all there is.
    pub fn is_whole(self) -> bool {
        self.of == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_leave_nothing_out_and_differ_by_at_most_one(count in 0_usize..1 << 40, of in 1_usize..200) {
            let shares: Vec<_> = (0..of).map(|rank| Shard::new(rank, of).unwrap().range(count)).collect();
            prop_assert_eq!(shares[0].start, 0);
            prop_assert_eq!(shares[of - 1].end, count);
            prop_assert!(shares.windows(2).all(|pair| pair[0].end == pair[1].start));
            prop_assert!(shares.iter().all(|share| [count / of, count.div_ceil(of)].contains(&share.len())));
        }
    }

    #[test]
    fn a_rank_is_one_of_its_ranks() {
        assert_eq!(Shard::new(2, 2), None);
        assert_eq!(Shard::new(1, 2).map(|it| it.range(5)), Some(2..5));
        assert!(Shard::WHOLE.is_whole() && Shard::WHOLE.range(7) == (0..7));
    }
}
