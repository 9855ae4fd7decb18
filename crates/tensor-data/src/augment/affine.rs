//! The matrix of an affine map, from angle, move, scale and shear.

/// An affine map of a picture, its centre being (0, 0), x to the right and y down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Map {
    /// Clockwise, degrees.
    pub angle: f64,
    /// To the right and down, pixels.
    pub translate: [f64; 2],
    /// Factor of both sides.
    pub scale: f64,
    /// Of x and of y, degrees.
    pub shear: [f64; 2],
    /// The point that stays where it is, but for the translation.
    pub centre: [f64; 2],
}

impl Map {
    /// Leaves a picture as it is.
    pub const NONE: Map = Map { angle: 0.0, translate: [0.0; 2], scale: 1.0, shear: [0.0; 2], centre: [0.0; 2] };

    /// For each pixel of the new picture the point of the old one that it shows: `[a, b, c, d, e, f]` with
    /// `x' = a x + b y + c` and `y' = d x + e y + f`.
    ///
    /// The map itself is `T C R(angle) S(scale) SHy SHx C^-1`, with T the translation and C the one to the centre, as torchvision's
    /// `affine` defines it.
    pub fn inverse(&self) -> [f64; 6] {
        let Map { angle, translate, scale, shear, centre } = *self;
        let (rotation, [x, y]) = (angle.to_radians(), shear.map(f64::to_radians));
        let a = (rotation - y).cos() / y.cos();
        let b = -(a * x.tan() + rotation.sin());
        let c = (rotation - y).sin() / y.cos();
        let d = rotation.cos() - c * x.tan();
        // The determinant is that of a rotation and two shears, 1.
        let [xx, xy, yx, yy] = [d / scale, -b / scale, -c / scale, a / scale];
        let [moved_x, moved_y] = [0, 1].map(|i| centre[i] + translate[i]);
        [xx, xy, centre[0] - xx * moved_x - xy * moved_y, yx, yy, centre[1] - yx * moved_x - yy * moved_y]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_turn_a_move_and_a_scale_are_what_their_words_say() {
        let near = |found: [f64; 6], expected: [f64; 6]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        };
        near(Map::NONE.inverse(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        // Clockwise: what is seen to the right was above.
        near(Map { angle: 90.0, ..Map::NONE }.inverse(), [0.0, 1.0, 0.0, -1.0, 0.0, 0.0]);
        near(Map { translate: [2.0, -3.0], ..Map::NONE }.inverse(), [1.0, 0.0, -2.0, 0.0, 1.0, 3.0]);
        near(Map { scale: 2.0, centre: [4.0, 0.0], ..Map::NONE }.inverse(), [0.5, 0.0, 2.0, 0.0, 0.5, 0.0]);
    }
}
