//! Minibatches of a resident split: rows `[i * m, (i + 1) * m)` of its tensors, in stored or in shuffled order.

use serde::{Deserialize, Serialize};
use std::iter::FusedIterator;

use tch::Tensor;

use crate::augment::{Augmentation, Operation, Padding, Shift};
use crate::balanced;
use crate::dataset::refused;
use crate::random::{Purpose, generator, permutation};
use crate::{Error, Shard, Split, Targets};

/// The order in which an epoch visits the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As stored, in every epoch.
    Stored,
    /// A random order that depends on these two numbers and the split's length alone: drawn on the host, the same on
    /// every device, and the same again when an interrupted run is resumed.
    Shuffled {
        /// Seed of the run.
        seed: u64,
        /// Number of the epoch; each has an order of its own.
        epoch: u64,
    },
    /// A random order in which each class comes equally often, as near as the split's length allows: pictures of small classes
    /// several times, of large ones not all. An epoch has as many places as the split has pictures. Drawn as `Shuffled` is; the
    /// labels are read from the device the first time.
    Balanced {
        /// Seed of the run.
        seed: u64,
        /// Number of the epoch; each has an order of its own.
        epoch: u64,
    },
}

/// What becomes of the last minibatch when the split's length is not a multiple of the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tail {
    /// It is kept, smaller than the others. A mean over the epoch must weight it by its size.
    Keep,
    /// It is dropped, so that all minibatches are of one size.
    Drop,
}

/// A minibatch of m pictures.
#[derive(Debug)]
pub struct Batch {
    /// Scaled pixels, `f32 [m, channels, height, width]`, contiguous. In stored order, with the split kept as `f32`
    /// and not normalised, this is a view of the split itself: it must not be changed in place.
    pub images: Tensor,
    /// What they are to be taken for.
    pub targets: Targets,
}

impl Batch {
    /// The pictures' own classes, `i64 [m]`.
    pub fn labels(&self) -> &Tensor {
        self.targets.own()
    }
}

/// The minibatches of one epoch.
#[derive(Debug)]
pub struct Batches<'a> {
    pub(crate) split: &'a Split,
    /// Picture indices in the order of the epoch, `i64 [n]` on the device; None in stored order.
    pub(crate) order: Option<Tensor>,
    /// Whether a picture can come more than once, so that what is drawn for it belongs to its place in the order.
    pub(crate) repeats: bool,
    pub(crate) augmentation: Option<Augmentation<'a>>,
    pub(crate) size: usize,
    /// Which part of each minibatch is made.
    shard: Shard,
    /// The next picture's place in the order, and the place to stop before.
    pub(crate) position: usize,
    end: usize,
}

impl Split {
    /// The minibatches of one epoch, `size` pictures each.
    ///
    /// In stored order a minibatch is a view of the split. In shuffled order it is gathered on the device; the order
    /// alone is sent there, once an epoch. Pixels kept as bytes are made `f32` on the device.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] for size 0; [`Error::BatchTooLarge`] when not one minibatch would be left;
    /// [`Error::EmptyClass`] in balanced order; [`Error::Libtorch`] when libtorch fails, for example where memory runs out.
    pub fn batches(&self, size: usize, order: Order, tail: Tail) -> Result<Batches<'_>, Error> {
        let available = self.len();
        if size == 0 {
            return Err(Error::EmptyBatch);
        }
        let end = match tail {
            Tail::Keep => available,
            Tail::Drop if size > available => return Err(Error::BatchTooLarge { size, available }),
            Tail::Drop => available - available % size,
        };
        let repeats = matches!(order, Order::Balanced { .. });
        let order: Option<Vec<i64>> = match order {
            Order::Stored => None,
            Order::Shuffled { seed, epoch } => {
                let order = permutation(available, &mut generator(Purpose::Order, seed, epoch));
                Some(order.into_iter().map(|index| index as i64).collect())
            }
            Order::Balanced { seed, epoch } => {
                Some(balanced::order(self.members()?, available, &mut generator(Purpose::Balance, seed, epoch))?)
            }
        };
        let sent = |order: Vec<i64>| Tensor::f_from_slice(&order)?.f_to_device(self.device());
        let order = order.map(sent).transpose().map_err(refused("put the epoch's order on the device"))?;
        let (size, shard) = (size.min(available), Shard::WHOLE);
        Ok(Batches { split: self, order, repeats, augmentation: None, size, shard, position: 0, end })
    }
}

impl Batches<'_> {
    /// Continues after the first `count` minibatches, without making them: for a run resumed inside an epoch.
    #[must_use]
    pub fn skip_batches(mut self, count: usize) -> Self {
        self.advance(count);
        self
    }

    /// Moves each picture by a random number of whole pixels, up to `pixels` up or down and as many left or right, each
    /// distance being equally likely; zeros come in at the edges.
    ///
    /// A picture's move depends on `seed`, `epoch` and its place in the split, not on the minibatch that it falls into.
    /// The moves are drawn on the host, sent to the device once an epoch, and done there for a minibatch at a time.
    ///
    /// # Errors
    /// [`Error::Libtorch`] when libtorch fails, for example where memory runs out.
    pub fn shifted(self, pixels: usize, seed: u64, epoch: u64) -> Result<Self, Error> {
        let shift = Operation::Shift(Shift { pixels, padding: Padding::Zero });
        self.augmented(if pixels > 0 { std::slice::from_ref(&shift) } else { &[] }, seed, epoch)
    }

    /// Does the operations of `list` to each picture, one after the other.
    ///
    /// What a picture undergoes depends on `seed`, `epoch`, the operation's place in the list and the picture's place in the split (in
    /// balanced order, where a picture comes more than once: the place in the epoch), not on the minibatch that it falls into. All
    /// is drawn on the host, sent to the device once an epoch, and done there for a minibatch at a time.
    /// [`check_list`](crate::augment::check_list) tells what cannot be done.
    ///
    /// # Errors
    /// [`Error::Libtorch`] when libtorch fails, for example where memory runs out.
    pub fn augmented(mut self, list: &[Operation], seed: u64, epoch: u64) -> Result<Self, Error> {
        let count = self.split.len();
        let drawn = Augmentation::draw(self.split, list, self.size, count, seed, epoch);
        self.augmentation = drawn.map_err(refused("put an epoch's augmentation on the device"))?;
        Ok(self)
    }

    /// Makes only the rows of each minibatch that are `shard`'s, as they would be in the whole: the order and what is drawn for
    /// augmentation stay the same.
    #[must_use]
    pub fn sharded(self, shard: Shard) -> Self {
        Self { shard, ..self }
    }

    /// How many minibatches of full size are left; not counted is the last one of a [`Tail::Keep`], where it is smaller.
    pub fn full_left(&self) -> usize {
        (self.end - self.position) / self.size
    }

    /// Moves on by one minibatch without making it.
    pub fn pass(&mut self) {
        self.advance(1);
    }

    fn advance(&mut self, count: usize) {
        self.position = self.position.saturating_add(count.saturating_mul(self.size)).min(self.end);
    }
}

impl Iterator for Batches<'_> {
    type Item = Batch;

    // Nothing here depends on the caller's input any more: sizes and indices were checked when the epoch began.
    fn next(&mut self) -> Option<Batch> {
        let (start, count) = (self.position as i64, self.size.min(self.end - self.position) as i64);
        if count == 0 {
            return None;
        }
        self.advance(1);
        // Pictures that are mixed with others of the minibatch need it whole.
        let is_mixed = self.augmentation.as_ref().is_some_and(Augmentation::mixes);
        let share = self.shard.range(count as usize);
        let (offset, share) = (share.start as i64, share.len() as i64);
        let (start, count) = if is_mixed { (start, count) } else { (start + offset, share) };
        let places = self.order.as_ref().map(|order| order.narrow(0, start, count));
        let rows = |of: &Tensor| match &places {
            None => of.narrow(0, start, count),
            Some(places) => of.index_select(0, places),
        };
        let drawn = |of: &Tensor| if self.repeats { of.narrow(0, start, count) } else { rows(of) };
        let (images, labels) = (rows(self.split.images()), rows(self.split.labels()));
        let (images, targets) = match &self.augmentation {
            None => (images, Targets::Classes(labels)),
            Some(augmentation) => augmentation.apply(images, labels, drawn),
        };
        let (images, targets) = match is_mixed && !self.shard.is_whole() {
            true => (images.narrow(0, offset, share), targets.narrow(offset, share)),
            false => (images, targets),
        };
        Some(Batch { images: self.split.scaled(images), targets })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.end - self.position).div_ceil(self.size);
        (left, Some(left))
    }

    fn nth(&mut self, count: usize) -> Option<Batch> {
        self.advance(count);
        self.next()
    }
}

impl ExactSizeIterator for Batches<'_> {}
impl FusedIterator for Batches<'_> {}
