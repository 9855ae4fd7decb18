//! Minibatches whose place in the epoch lies on the device and moves on by itself: work that was captured once (a CUDA
//! graph) takes the next minibatch each time that it is done again.

use tch::{Kind, TchError, Tensor};

use crate::augment::{Augmentation, copied};
use crate::dataset::refused;
use crate::{Batch, Batches, Error, Split, Targets};

/// The minibatches of full size that [`Batches`] would give from where they stand, with the same bits, each gathered at a
/// place that lies on the device. All that changes between two minibatches or two epochs stays where it is in memory.
#[derive(Debug)]
pub struct DeviceCursor<'a> {
    split: &'a Split,
    /// Picture indices in the order of the epoch, `i64 [n]`; None in stored order.
    order: Option<Tensor>,
    /// Whether a picture can come more than once.
    repeats: bool,
    augmentation: Option<Augmentation<'a>>,
    /// `i64 [m]`: 0, 1, ...
    counting: Tensor,
    /// Where in the order the next minibatch begins, `i64 [1]`.
    place: Tensor,
}

impl<'a> Batches<'a> {
    /// A cursor that continues where these minibatches stand.
    ///
    /// # Errors
    /// [`Error::Libtorch`] when libtorch fails, for example where memory runs out.
    pub fn device_cursor(&self) -> Result<DeviceCursor<'a>, Error> {
        let device = self.split.device();
        let make = || -> Result<DeviceCursor<'a>, TchError> {
            Ok(DeviceCursor {
                split: self.split,
                order: self.order.as_ref().map(copied).transpose()?,
                repeats: self.repeats,
                augmentation: self.augmentation.as_ref().map(Augmentation::copied).transpose()?,
                counting: Tensor::f_arange(self.size as i64, (Kind::Int64, device))?,
                place: Tensor::f_full([1], self.position as i64, (Kind::Int64, device))?,
            })
        };
        make().map_err(refused("put the place in the epoch on the device"))
    }
}

impl DeviceCursor<'_> {
    /// Continues where `batches` stand: those of the split, size, kind of order and augmentation that it was made from, in any epoch.
    /// Order and draws are copied to where those of the epoch before were.
    ///
    /// # Errors
    /// [`Error::Libtorch`] where `batches` are of another size or kind, or when libtorch fails.
    pub fn follow(&mut self, batches: &Batches<'_>) -> Result<(), Error> {
        let mut follow = || -> Result<(), TchError> {
            let kind = (batches.size, batches.order.is_some(), batches.repeats);
            let same = (self.counting.numel(), self.order.is_some(), self.repeats) == kind;
            let alike = match (&self.augmentation, &batches.augmentation) {
                (Some(own), Some(other)) => own.is_like(other),
                (own, other) => own.is_none() && other.is_none(),
            };
            if !(same && alike) {
                return Err(TchError::Shape("the minibatches to follow are of another size or kind".to_owned()));
            }
            if let Some((order, other)) = self.order.as_mut().zip(batches.order.as_ref()) {
                order.f_copy_(other)?;
            }
            if let Some((augmentation, other)) = self.augmentation.as_mut().zip(batches.augmentation.as_ref()) {
                augmentation.copy_from(other)?;
            }
            self.place.f_fill_(batches.position as i64).map(|_| ())
        };
        follow().map_err(refused("follow an epoch's minibatches"))
    }

    /// The minibatch at the place, which moves on behind it. The caller takes no more of them than there are.
    ///
    /// # Errors
    /// [`Error::Libtorch`] when libtorch fails, for example where memory runs out.
    pub fn next_batch(&mut self) -> Result<Batch, Error> {
        let gather = || -> Result<Batch, TchError> {
            let places = self.counting.f_add(&self.place)?; // [m]
            let rows = match &self.order {
                None => places.shallow_clone(),
                Some(order) => order.f_index_select(0, &places)?,
            };
            let drawn = if self.repeats { &places } else { &rows };
            let images = self.split.images().f_index_select(0, &rows)?; // [m, channels, height, width]
            let labels = self.split.labels().f_index_select(0, &rows)?; // [m]
            let (images, targets) = match &self.augmentation {
                None => (images, Targets::Classes(labels)),
                Some(augmentation) => augmentation.apply(images, labels, |of| of.index_select(0, drawn)),
            };
            let _ = self.place.shallow_clone().f_add_scalar_(self.counting.numel() as i64)?;
            Ok(Batch { images: self.split.scaled(images), targets })
        };
        gather().map_err(refused("gather a minibatch"))
    }
}
