//! A list of operations at work: the transforms, and the rows of one epoch on the device.

use tch::{Kind, TchError, Tensor};

use super::transform::Transform;
use super::{Draw, Operation};
use crate::{Split, Storage, Targets};

/// What is done to the minibatches of one epoch.
#[derive(Debug)]
pub(crate) struct Augmentation<'a> {
    split: &'a Split,
    operations: Vec<Operation>,
    transforms: Vec<Transform>,
    /// For each operation a row for each picture, `[n, width]`.
    rows: Vec<Tensor>,
    /// Pictures in a minibatch, at most.
    size: usize,
}

impl<'a> Augmentation<'a> {
    /// For minibatches of `size` pictures out of `count`. None where there is nothing to do.
    pub fn draw(
        split: &'a Split,
        list: &[Operation],
        size: usize,
        count: usize,
        seed: u64,
        epoch: u64,
    ) -> Result<Option<Self>, TchError> {
        if list.is_empty() {
            return Ok(None);
        }
        let (shape, device) = (split.shape(), split.device());
        let transform = |operation: &Operation| Transform::new(operation, shape, size, device);
        let transforms: Vec<Transform> = list.iter().map(transform).collect();
        let sent = |(position, operation): (usize, &Operation)| {
            let rows = operation.rows(&Draw { seed, epoch, position, shape }, count);
            let host = Tensor::f_from_slice(rows.numbers())?.f_view([-1, rows.width() as i64])?;
            host.f_to_kind(transforms[position].kind())?.f_to_device(device)
        };
        let rows = list.iter().enumerate().map(sent).collect::<Result<_, _>>()?;
        Ok(Some(Self { split, operations: list.to_vec(), transforms, rows, size }))
    }

    /// Whether pictures are mixed with others of their minibatch.
    pub fn mixes(&self) -> bool {
        self.operations.iter().any(Operation::mixes)
    }

    /// The same, with the rows in memory of their own.
    pub fn copied(&self) -> Result<Self, TchError> {
        let rows = self.rows.iter().map(copied).collect::<Result<_, _>>()?;
        let (split, size, device) = (self.split, self.size, self.split.device());
        let transform = |operation: &Operation| Transform::new(operation, split.shape(), size, device);
        let transforms = self.operations.iter().map(transform).collect();
        Ok(Self { split, operations: self.operations.clone(), transforms, rows, size })
    }

    /// Whether the rows of `other` can take the place of these.
    pub fn is_like(&self, other: &Augmentation<'_>) -> bool {
        let sizes = |of: &Augmentation<'_>| of.rows.iter().map(Tensor::size).collect::<Vec<_>>();
        self.operations == other.operations && sizes(self) == sizes(other)
    }

    /// Takes over the rows of another epoch, in place.
    pub fn copy_from(&mut self, other: &Augmentation<'_>) -> Result<(), TchError> {
        self.rows.iter_mut().zip(&other.rows).try_for_each(|(rows, other)| rows.f_copy_(other))
    }

    /// Pictures of the split, `[m, channels, height, width]` as it keeps them, and their classes `i64 [m]`: augmented. Bytes that
    /// were computed with come back as `f32` of 0 to 255. `of_batch` takes the minibatch's rows out of a tensor that has one row
    /// per picture.
    pub fn apply(&self, images: Tensor, classes: Tensor, of_batch: impl Fn(&Tensor) -> Tensor) -> (Tensor, Targets) {
        let (mut images, mut targets) = (images, Targets::Classes(classes));
        let (scale, is_scaled) = (self.split.scale(), self.split.storage() == Storage::F32);
        let mut in_pixels = !is_scaled;
        for (transform, rows) in self.transforms.iter().zip(&self.rows) {
            let rows = of_batch(rows); // [m, width]
            if transform.computes() {
                if !in_pixels {
                    // Rounded, they are the very bytes that were scaled.
                    images = (images / scale).round();
                    in_pixels = true;
                }
                images = images.to_kind(Kind::Float);
            }
            images = transform.apply(&images, &rows, if in_pixels { 1.0 } else { scale });
            if let Some(lambda) = transform.own_shares(&rows) {
                let b = targets.own().roll([1], [0]);
                targets = Targets::Mixed { a: targets.own().shallow_clone(), b, lambda };
            }
        }
        if is_scaled && in_pixels {
            images *= scale;
        }
        (images, targets)
    }
}

/// The same numbers in memory of their own.
pub(crate) fn copied(of: &Tensor) -> Result<Tensor, TchError> {
    let mut copy = of.f_empty_like()?;
    copy.f_copy_(of)?;
    Ok(copy)
}
