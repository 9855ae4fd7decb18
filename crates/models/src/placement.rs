//! Where the cells of a layer's maps lie in the picture.
//!
//! A cell is computed from a rectangle of pixels, its receptive field, and stands for the middle of that rectangle. A
//! convolution without padding starts half a filter inside the picture, so a small map must not be stretched over it:
//! of the published LeNet on 28 pixels, the first cell of `conv2` sees pixels 0 to 13 and belongs at 7.0, the last at 21.0.

use tch::{Kind, Tensor};

use crate::attribution::convolution;
use crate::node::{Node, Op};
use crate::{Error, Model};

/// The places of a layer's cells. Lengths are in pixels from the picture's upper or left edge: pixel 0 lies between 0
/// and 1, and its middle at 0.5.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    rows: Side,
    columns: Side,
}

/// The places along one side of the picture.
#[derive(Clone, Debug, PartialEq)]
struct Side {
    /// The picture's length.
    pixels: i64,
    /// First pixel of each cell's receptive field and the one after its last, rising. Padding is counted as if the picture
    /// continued there, so that a cell whose filter lies half outside stays where its filter does.
    fields: Vec<[i64; 2]>,
    /// From one cell to the next: the product of the strides.
    step: i64,
}

/// A window that moves over cells.
#[derive(Clone, Copy)]
struct Window {
    kernel: i64,
    stride: i64,
    /// Before the first cell and after the last.
    padding: [i64; 2],
}

impl Placement {
    /// The places of a convolution's cells, by default those of the last one.
    ///
    /// # Errors
    /// [`Error::NoLayer`] and [`Error::NoConvolution`], as [`convolution`] gives them.
    pub fn of(model: &Model, layer: Option<&str>) -> Result<Placement, Error> {
        let name = convolution(model, layer)?;
        let [_, height, width] = model.input();
        let side = |axis, pixels| {
            let mut side = Side::of_picture(pixels);
            if let Some(trunk) = model.trunk_node() {
                side.walk(trunk, axis, name);
            }
            side
        };
        Ok(Placement { rows: side(1, height), columns: side(2, width) })
    }

    /// Middles of the receptive fields of the map's rows, from the upper edge.
    pub fn rows(&self) -> Vec<f64> {
        self.rows.centres()
    }

    /// Middles of the receptive fields of the map's columns, from the left edge.
    pub fn columns(&self) -> Vec<f64> {
        self.columns.centres()
    }

    /// A map `[rows, columns]` over the whole picture, which is divided evenly into `size` (height, width) points: f32
    /// of that size. Between the cells the map is interpolated along both sides (bilinear). Beyond the outermost cells
    /// it fades to 0 within one step, as if it were surrounded by zeros: nothing is known there, and nothing is drawn.
    ///
    /// # Panics
    /// Where the map has another shape than the layer's.
    pub fn spread(&self, map: &Tensor, size: [i64; 2]) -> Tensor {
        let weights = |side: &Side, points: i64| {
            Tensor::from_slice(&side.weights(points)).view([points, -1]).to_device(map.device())
        };
        let down = weights(&self.rows, size[0]); // [height, rows]
        let across = weights(&self.columns, size[1]); // [width, columns]
        down.matmul(&map.to_kind(Kind::Double)).matmul(&across.tr()).to_kind(Kind::Float) // [height, width]
    }
}

impl Side {
    fn of_picture(pixels: i64) -> Side {
        Side { pixels, fields: (0..pixels).map(|pixel| [pixel, pixel + 1]).collect(), step: 1 }
    }

    /// Goes through a part of the network up to the layer `name`; whether that was found. `axis` is the side's place in a
    /// shape.
    fn walk(&mut self, node: &Node, axis: usize, name: &str) -> bool {
        match &node.op {
            Op::Conv { conv, .. } => {
                let padding = conv.padding.around(self.fields.len() as i64, conv.kernel, conv.stride);
                self.slide(Window { kernel: conv.kernel, stride: conv.stride, padding }, node.output[axis]);
            }
            Op::MaxPool(pool) | Op::AvgPool(pool) => {
                self.slide(
                    Window { kernel: pool.kernel, stride: pool.stride, padding: [pool.padding; 2] },
                    node.output[axis],
                );
            }
            Op::Subsample(subsample) => {
                self.slide(Window { kernel: 1, stride: subsample.stride, padding: [0; 2] }, node.output[axis]);
            }
            // All cells together.
            Op::GlobalAvgPool
            | Op::Flatten
            | Op::Linear { .. }
            | Op::Tokens
            | Op::Embedding { .. }
            | Op::Attention { .. }
            | Op::FirstToken => {
                if let (Some(first), Some(last)) = (self.fields.first(), self.fields.last()) {
                    self.fields = vec![[first[0], last[1]]];
                }
            }
            Op::Sequential(parts) => {
                if parts.iter().any(|part| self.walk(part, axis, name)) {
                    return true;
                }
            }
            Op::Residual { body, shortcut } => {
                let mut before = self.clone();
                if self.walk(body, axis, name) {
                    return true;
                }
                if shortcut.as_ref().is_some_and(|shortcut| before.walk(shortcut, axis, name)) {
                    *self = before;
                    return true;
                }
            }
            Op::Gated(body) => {
                let mut inside = self.clone();
                if inside.walk(body, axis, name) {
                    *self = inside;
                    return true;
                }
            }
            Op::BatchNorm { .. }
            | Op::LayerNorm { .. }
            | Op::Activation(_)
            | Op::Dropout(_)
            | Op::Scale(_)
            | Op::LayerScale(_)
            | Op::ChannelsLast
            | Op::Packed(_) => {}
        }
        node.is_layer && node.name == name
    }

    /// A window over the cells, at `positions`. One that sticks out at the end, where a border is kept, sees less.
    fn slide(&mut self, Window { kernel, stride, padding }: Window, positions: i64) {
        let (Some(&first), Some(&last)) = (self.fields.first(), self.fields.last()) else {
            return;
        };
        let moved = |field: [i64; 2], steps: i64| field.map(|pixel| pixel + steps * self.step);
        let before = (1..=padding[0]).rev().map(|steps| moved(first, -steps));
        let after = (1..=padding[1]).map(|steps| moved(last, steps));
        let cells: Vec<[i64; 2]> = before.chain(self.fields.iter().copied()).chain(after).collect();
        let seen = |position: i64| {
            let start = position * stride;
            let end = (start + kernel).min(cells.len() as i64);
            let window = cells.get(start as usize..end as usize)?;
            Some([window.first()?[0], window.last()?[1]])
        };
        self.fields = (0..positions).filter_map(seen).collect();
        self.step *= stride;
    }

    fn centres(&self) -> Vec<f64> {
        self.fields.iter().map(|[first, end]| (first + end) as f64 / 2.0).collect()
    }

    /// How much each cell weighs at each of `points` that divide the side evenly, point by point.
    fn weights(&self, points: i64) -> Vec<f64> {
        let centres = self.centres();
        let mut weights = Vec::with_capacity(points.unsigned_abs() as usize * centres.len());
        for point in 0..points {
            let place = (point as f64 + 0.5) * self.pixels as f64 / points as f64;
            weights.extend((0..centres.len()).map(|cell| tent(&centres, self.step as f64, cell, place)));
        }
        weights
    }
}

/// The weight of a cell at a place: 1 at its own centre, 0 at its neighbours' and beyond; the outermost have neighbours a
/// `step` away.
fn tent(centres: &[f64], step: f64, cell: usize, place: f64) -> f64 {
    let centre = centres[cell];
    let neighbour = match place < centre {
        true => cell.checked_sub(1).map_or(centre - step, |before| centres[before]),
        false => centres.get(cell + 1).copied().unwrap_or(centre + step),
    };
    (1.0 - (place - centre) / (neighbour - centre)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slid(pixels: i64, windows: &[(i64, i64, i64, i64)]) -> (Vec<f64>, i64) {
        let mut side = Side::of_picture(pixels);
        for &(kernel, stride, padding, positions) in windows {
            side.slide(Window { kernel, stride, padding: [padding; 2] }, positions);
        }
        (side.centres(), side.step)
    }

    /// With filters of 5: `conv1` begins at 5 / 2; pooling moves that by half a step to 3; `conv2` takes five cells 2
    /// pixels apart, so its middle is 2 x 2 further.
    #[test]
    fn cells_of_the_published_lenet() {
        let layers = [(5, 1, 0, 24), (2, 2, 0, 12), (5, 1, 0, 8), (2, 2, 0, 4)];
        for (depth, first, step, cells) in [(1, 2.5, 1, 24), (2, 3.0, 2, 12), (3, 7.0, 2, 8), (4, 8.0, 4, 4)] {
            let expected: Vec<f64> = (0..cells).map(|cell| first + f64::from(step * cell)).collect();
            assert_eq!(slid(28, &layers[..depth]), (expected, i64::from(step)), "{depth}");
        }
    }

    /// 9 pixels, filters of 3: 7 cells, of which the last pooling window has one: pixels 6 to 8.
    #[test]
    fn a_window_cut_off_at_the_edge_sees_less() {
        assert_eq!(slid(9, &[(3, 1, 0, 7), (2, 2, 0, 4)]), (vec![2.0, 4.0, 6.0, 7.5], 2));
        assert_eq!(slid(9, &[(3, 1, 0, 7), (2, 2, 0, 4), (3, 1, 0, 2)]).0, [4.0, 5.5]);
        assert_eq!(slid(9, &[(3, 1, 0, 7), (2, 2, 0, 3)]).0, [2.0, 4.0, 6.0]);
    }

    /// Filters of 3 with padding 1 keep every cell at its pixel, however many there are; with stride 2 at every second.
    #[test]
    fn padding_moves_no_cell() {
        let pixels: Vec<f64> = (0..8).map(|pixel| f64::from(pixel) + 0.5).collect();
        assert_eq!(slid(8, &[(3, 1, 1, 8); 9]), (pixels, 1));
        assert_eq!(slid(8, &[(3, 2, 1, 4), (3, 1, 1, 4)]), (vec![0.5, 2.5, 4.5, 6.5], 2));
    }

    #[test]
    fn weights_are_tents_that_end_within_a_step() {
        let check = |place: f64, expected: [f64; 3]| {
            let found = [0, 1, 2].map(|cell| tent(&[4.0, 6.0, 7.0], 2.0, cell, place));
            assert_eq!(found, expected, "{place}");
        };
        check(1.0, [0.0, 0.0, 0.0]);
        check(3.0, [0.5, 0.0, 0.0]);
        check(4.0, [1.0, 0.0, 0.0]);
        check(5.5, [0.25, 0.75, 0.0]);
        check(6.5, [0.0, 0.5, 0.5]);
        check(8.0, [0.0, 0.0, 0.5]);
        check(9.5, [0.0, 0.0, 0.0]);
    }
}
