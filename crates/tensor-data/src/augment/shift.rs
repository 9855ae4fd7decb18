//! Translation of a minibatch by whole pixels in one gather: each picture is a window of its padded self, and each of the
//! window's rows is a run of pixels in the padded minibatch.

use tch::{Device, Kind, Tensor};

use super::{Padding, Shift};

/// What the moves of pictures of one shape, in minibatches of one size, have in common.
#[derive(Debug)]
pub(super) struct Mover {
    edges: Edges,
    /// Where the rows of an unmoved window at a picture's corner begin in a padded minibatch: `i64 [m, channels, height]`.
    rows: Tensor,
}

/// How pictures are padded.
#[derive(Debug)]
enum Edges {
    /// With so many rows and columns of zeros on either side.
    Zero([i64; 2]),
    /// With these of their own rows and columns: `i64 [height + 2 * pad]` and `i64 [width + 2 * pad]`.
    Own([Tensor; 2]),
}

impl Mover {
    pub fn new(shift: &Shift, [channels, height, width]: [i64; 3], size: usize, device: Device) -> Self {
        let pad = shift.pad([height, width]);
        let counting = |count: i64| Tensor::arange(count, (Kind::Int64, device));
        let maps = counting(size as i64 * channels).view([-1, channels, 1]) * (height + 2 * pad[0]);
        let rows = (maps + counting(height)) * (width + 2 * pad[1]);
        let own = |of: fn(i64, i64) -> i64| {
            let places = [(height, pad[0]), (width, pad[1])].map(|(side, pad)| {
                let places: Vec<i64> = (-pad..side + pad).map(|place| of(place, side)).collect();
                Tensor::from_slice(&places).to_device(device)
            });
            Edges::Own(places)
        };
        let edges = match shift.padding {
            Padding::Zero => Edges::Zero(pad),
            Padding::Edge => own(|place, side| place.clamp(0, side - 1)),
            Padding::Reflect => own(mirrored),
        };
        Self { edges, rows }
    }

    /// The minibatch `images`, `[m, channels, height, width]` of any kind, moved; `corners` is where each picture's window begins,
    /// `i64 [m, 1]`.
    pub fn apply(&self, images: &Tensor, corners: &Tensor) -> Tensor {
        let size = images.size();
        let (count, width) = (size[0], size[3]);
        let padded = match &self.edges {
            Edges::Zero([down, right]) => images.constant_pad_nd([*right, *right, *down, *down]),
            Edges::Own([rows, columns]) => images.index_select(3, columns).index_select(2, rows),
        };
        // A view of every run of `width` pixels there is: row i begins at pixel i.
        let runs = padded.as_strided([padded.numel() as i64 - width + 1, width], [1, 1], None);
        let wanted = self.rows.narrow(0, 0, count) + corners.view([-1, 1, 1]);
        runs.index_select(0, &wanted.flatten(0, -1)).view(size.as_slice())
    }
}

/// The pixel that a place outside of `side` pixels shows where they are mirrored about the outermost ones.
fn mirrored(place: i64, side: i64) -> i64 {
    let period = (2 * (side - 1)).max(1);
    let place = place.rem_euclid(period);
    place.min(period - place).min(side - 1)
}

#[cfg(test)]
mod tests {
    use super::mirrored;

    #[test]
    fn what_is_mirrored_does_not_repeat_the_outermost_pixels() {
        let row = |side| (-3..side + 3).map(|place| mirrored(place, side)).collect::<Vec<_>>();
        assert_eq!(row(4), [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]);
        assert_eq!(row(1), [0; 7]);
    }
}
