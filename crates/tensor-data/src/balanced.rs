//! An epoch in which each class comes equally often.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::Error;
use crate::random::permutation;

/// `places` pictures in random order, from the pictures of each class.
///
/// Each of C classes gets places / C, rounded down; those left over go to classes that are drawn. Within a class its pictures take
/// turns, in an order that is drawn: none comes again before all have come. So of a large class some do not come in an epoch, and
/// of a small one all come several times.
pub(crate) fn order(members: &[Vec<i64>], places: usize, rng: &mut ChaCha8Rng) -> Result<Vec<i64>, Error> {
    if let Some(class) = members.iter().position(Vec::is_empty) {
        return Err(Error::EmptyClass { class });
    }
    let (each, left_over) = (places / members.len(), places % members.len());
    let mut order = Vec::with_capacity(places);
    for (rank, class) in permutation(members.len(), rng).into_iter().enumerate() {
        let mut turn = members[class].clone();
        let mut wanted = each + usize::from(rank < left_over);
        while wanted > 0 {
            turn.shuffle(rng);
            let taken = wanted.min(turn.len());
            order.extend(&turn[..taken]);
            wanted -= taken;
        }
    }
    order.shuffle(rng);
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, generator};

    #[test]
    fn each_class_comes_equally_often_and_its_pictures_take_turns() {
        let members: [Vec<i64>; 3] = [(0..20).collect(), (20..23).collect(), (23..25).collect()];
        let epoch = |epoch| order(&members, 25, &mut generator(Purpose::Balance, 1, epoch)).unwrap();
        let mut of_class = [0; 3];
        let mut of_picture = [0; 25];
        for &picture in &epoch(0) {
            of_class[members.iter().position(|class| class.contains(&picture)).unwrap()] += 1;
            of_picture[picture as usize] += 1;
        }
        let mut sorted = of_class;
        sorted.sort_unstable();
        assert_eq!(sorted, [8, 8, 9], "25 places for 3 classes");
        assert!(of_picture[..20].iter().all(|&times| times <= 1));
        assert!(of_picture[20..23].iter().all(|times| (2..=3).contains(times)), "{of_picture:?}");
        assert!(of_picture[23..].iter().all(|times| (4..=5).contains(times)), "{of_picture:?}");
        assert!(epoch(0) == epoch(0) && epoch(0) != epoch(1));
        let empty = [vec![0], Vec::new()];
        let told = order(&empty, 1, &mut generator(Purpose::Balance, 1, 0)).unwrap_err().to_string();
        assert!(told.starts_with("class 1 has no picture"), "{told}");
    }
}
