//! An order of classes in which those that are taken for each other stand together, so that a matrix of many can be read.

use crate::Confusion;
use std::cmp::Reverse;

impl Confusion {
    /// All classes, those that are taken for each other beside one another: chains of classes are joined at the pair with
    /// the largest share of mistakes first (single linkage), each turned so that the pair is as close as it can be. Classes that
    /// are never confused keep their order.
    pub fn similarity_order(&self) -> Vec<usize> {
        let classes = self.classes();
        let totals: Vec<u64> = self.rows().iter().map(|row| row.iter().sum()).collect();
        let share = |truth: usize, other: usize| self.count(truth, other) as f64 / totals[truth].max(1) as f64;
        let mut pairs: Vec<(f64, usize, usize)> = (0..classes)
            .flat_map(|a| (a + 1..classes).map(move |b| (a, b)))
            .filter(|&(a, b)| self.count(a, b) + self.count(b, a) > 0)
            .map(|(a, b)| (share(a, b) + share(b, a), a, b))
            .collect();
        pairs.sort_by(|one, other| other.0.total_cmp(&one.0).then((one.1, one.2).cmp(&(other.1, other.2))));
        let mut chains: Vec<Vec<usize>> = (0..classes).map(|class| vec![class]).collect();
        let mut chain_of: Vec<usize> = (0..classes).collect();
        for (_, a, b) in pairs {
            let (one, other) = (chain_of[a], chain_of[b]);
            if one == other {
                continue;
            }
            let (mut left, mut right) = (std::mem::take(&mut chains[one]), std::mem::take(&mut chains[other]));
            // How far a class stands from the front decides which ends meet.
            let place = |chain: &[usize], class: usize| chain.iter().position(|&it| it == class).unwrap_or(0);
            if place(&left, a) * 2 + 1 < left.len() {
                left.reverse();
            }
            if place(&right, b) * 2 + 1 > right.len() {
                right.reverse();
            }
            right.iter().for_each(|&class| chain_of[class] = one);
            left.extend(right);
            chains[one] = left;
        }
        chains.sort_by_key(|chain| (Reverse(chain.len() > 1), chain.iter().min().copied()));
        chains.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Classes 0, 2, 4 and 1, 3 are taken for each other, 5 for none.
    #[test]
    fn classes_that_are_confused_stand_together() {
        let mut rows = vec![vec![0; 6]; 6];
        (0..6).for_each(|class| rows[class][class] = 10);
        for (truth, predicted, count) in [(0, 2, 5), (2, 4, 3), (1, 3, 4), (3, 1, 1)] {
            rows[truth][predicted] = count;
        }
        let order = Confusion::from_rows(&rows).unwrap().similarity_order();
        assert_eq!(order, [0, 2, 4, 1, 3, 5]);
        (0..6).for_each(|class| rows[class] = (0..6).map(|other| u64::from(other == class)).collect());
        assert_eq!(Confusion::from_rows(&rows).unwrap().similarity_order(), [0, 1, 2, 3, 4, 5]);
    }
}
