//! Random translation of a minibatch in one gather: each picture is a window of its zero-padded self, and each of the
//! window's rows is a run of pixels in the padded minibatch.

use rand::Rng;
use tch::{Kind, TchError, Tensor};

use crate::Split;
use crate::random::{Purpose, generator};

/// The moves of all pictures of a split in one epoch.
#[derive(Debug)]
pub(crate) struct Shift {
    /// Zeros added on either side: the largest move down and up, and right and left.
    pad: [i64; 2],
    /// Where each picture's window begins, counted in pixels from the corner of its padded self: `i64 [n]` on the device.
    corners: Tensor,
    /// Where the rows of an unmoved window at that corner begin in a padded minibatch: `i64 [m, channels, height]` on
    /// the device.
    rows: Tensor,
}

impl Shift {
    pub(crate) fn draw(split: &Split, batch_size: usize, pixels: usize, seed: u64, epoch: u64) -> Self {
        let [channels, height, width] = split.shape();
        let farthest = i64::try_from(pixels).unwrap_or(i64::MAX);
        // A picture moved by its own size is gone, and farther makes no difference.
        let pad = [farthest.min(height), farthest.min(width)];
        let (padded_height, padded_width) = (height + 2 * pad[0], width + 2 * pad[1]);
        let mut generator = generator(Purpose::Shift, seed, epoch);
        let mut corner = || {
            let [top, left] = pad.map(|pad| pad - generator.random_range(-farthest..=farthest).clamp(-pad, pad));
            top * padded_width + left
        };
        let corners: Vec<i64> = (0..split.len()).map(|_| corner()).collect();
        let counting = |count: i64| Tensor::arange(count, (Kind::Int64, split.device()));
        let maps = counting(batch_size as i64 * channels).view([-1, channels, 1]) * padded_height;
        Self {
            pad,
            corners: Tensor::from_slice(&corners).to_device(split.device()),
            rows: (maps + counting(height)) * padded_width,
        }
    }

    /// The same moves in memory of their own.
    pub(crate) fn copied(&self) -> Result<Self, TchError> {
        Ok(Self { pad: self.pad, corners: copied(&self.corners)?, rows: self.rows.shallow_clone() })
    }

    /// Takes over the moves of another epoch of the same split, in place.
    pub(crate) fn copy_from(&mut self, other: &Self) -> Result<(), TchError> {
        self.corners.f_copy_(&other.corners)
    }

    /// The minibatch `images`, `[m, channels, height, width]` of any kind, moved. `of_batch` takes the minibatch's rows
    /// out of a tensor that has one row per picture of the split.
    pub(crate) fn apply(&self, images: &Tensor, of_batch: impl Fn(&Tensor) -> Tensor) -> Tensor {
        let size = images.size();
        let (count, width) = (size[0], size[3]);
        let [down, right] = self.pad;
        let padded = images.constant_pad_nd([right, right, down, down]);
        // A view of every run of `width` pixels there is: row i begins at pixel i.
        let runs = padded.as_strided([padded.numel() as i64 - width + 1, width], [1, 1], None);
        let wanted = self.rows.narrow(0, 0, count) + of_batch(&self.corners).view([-1, 1, 1]);
        runs.index_select(0, &wanted.flatten(0, -1)).view(size.as_slice())
    }
}

/// The same numbers in memory of their own.
pub(crate) fn copied(of: &Tensor) -> Result<Tensor, TchError> {
    let mut copy = of.f_empty_like()?;
    copy.f_copy_(of)?;
    Ok(copy)
}
