//! What travels with the gradients of an update: whether a rank's loss is still a number, and whether one wants to stop. Each
//! update is one sum over all ranks, so that all stop after the same one.

use crate::accumulation::Accumulation;
use crate::diverged::{Culprit, Diverged};
use crate::error::Error;
use crate::ranks::{Ranks, exchanged};
use tch::{Kind, Tensor};

/// What a rank would have training do after the next update; of several wishes the last in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Wish {
    /// Go on.
    #[default]
    GoOn,
    /// End: the recipe's time is over. Rank 0 alone looks at the clock.
    TimeIsOver,
    /// End: somebody has had enough.
    Stop,
}

impl Wish {
    fn from_number(number: f64) -> Wish {
        match number {
            1.0 => Wish::TimeIsOver,
            2.0.. => Wish::Stop,
            _ => Wish::GoOn,
        }
    }
}

/// What this rank has to say with the next update, and what came of the last one.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    /// This rank's wish.
    pub wish: Wish,
    /// What all ranks do.
    pub decided: Wish,
    /// This rank's loss is no number any more.
    pub diverged: Option<Box<Diverged>>,
}

impl Exchange {
    /// The gradients of all ranks in the place of this one's, and what all have decided.
    ///
    /// # Errors
    /// [`Error::Diverged`] on every rank where the loss of one is no number; [`Error::Libtorch`] where a rank is lost.
    pub fn sum(&mut self, ranks: &Ranks, gathered: Accumulation) -> Result<Accumulation, Error> {
        let Some(group) = ranks.group() else { return Ok(gathered) };
        let _guard = tch::no_grad_guard();
        let (rank, count) = (group.rank(), group.ranks());
        let mut notes = vec![0.0_f32; 2 * count];
        notes[rank] = if self.diverged.is_some() { 1.0 } else { 0.0 };
        notes[count + rank] = f32::from(self.wish as u8);
        let device = gathered.weight().device();
        let notes = Tensor::f_from_slice(&notes).and_then(|it| it.f_to_device(device)).map_err(exchanged)?;
        let mut flat = gathered.flat(&notes).map_err(exchanged)?; // [sums | weight | notes]
        group.sum(&mut flat)?;
        let first = flat.numel() as i64 - 2 * count as i64;
        let notes = flat.f_narrow(0, first, 2 * count as i64).and_then(|it| it.f_to_kind(Kind::Double));
        let notes = notes.and_then(|it| Vec::<f64>::try_from(&it)).map_err(exchanged)?;
        let (diverged, wishes) = notes.split_at(count);
        if let Some(first) = diverged.iter().position(|&it| it != 0.0) {
            return Err(Error::Diverged(Box::new(self.told_by(ranks, first)?)));
        }
        self.decided = wishes.iter().map(|&it| Wish::from_number(it)).max().unwrap_or_default();
        gathered.filled_from(&flat).map_err(exchanged)
    }

    /// The divergence that rank `first` noticed, told by it.
    fn told_by(&mut self, ranks: &Ranks, first: usize) -> Result<Diverged, Error> {
        let own = self.diverged.take();
        let own = own.map_or((Culprit::Unknown, 0, 0, 0, 0), |it| {
            (it.culprit, it.loss.to_bits(), it.iteration, it.epoch, it.learning_rate.to_bits())
        });
        let (culprit, loss, iteration, epoch, learning_rate) = ranks.say(first, &own)?;
        let (loss, learning_rate) = (f64::from_bits(loss), f64::from_bits(learning_rate));
        Ok(Diverged { loss, culprit, iteration, epoch, learning_rate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_survives_its_journey_and_the_stronger_counts() {
        for wish in [Wish::GoOn, Wish::TimeIsOver, Wish::Stop] {
            assert_eq!(Wish::from_number(f64::from(wish as u8)), wish);
        }
        assert_eq!([Wish::TimeIsOver, Wish::GoOn, Wish::Stop].into_iter().max(), Some(Wish::Stop));
    }
}
