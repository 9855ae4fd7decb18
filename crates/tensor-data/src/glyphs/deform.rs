//! Deformations of the plane: a random affine map and a smooth random displacement field.

use rand::Rng;

/// x and y.
pub(super) type Point = [f32; 2];

/// A draw of mean 0 and variance 1 between -3 and 3, bell-shaped: the sum of three uniform draws from (-1, 1).
///
/// No logarithm, no cosine: the same bits on every machine.
pub(super) fn bell(rng: &mut impl Rng) -> f32 {
    (0..3).map(|_| rng.random_range(-1.0_f32..1.0)).sum()
}

/// 0 up to 0, 1 from 1 on, and smooth between: t² (3 - 2 t).
pub(super) fn smoothstep(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// `p` -> `matrix` `p` + `shift`.
pub(super) struct Affine {
    matrix: [[f32; 2]; 2],
    shift: Point,
}

impl Affine {
    /// Scale, then slant, then rotation about the origin, then the shift to the place on the canvas (in pixels).
    pub(super) fn new(scale: [f32; 2], slant: f32, half_tangent: f32, shift: Point) -> Self {
        // The rotation is given by the tangent of half its angle, which needs no trigonometric function.
        let norm = 1.0 + half_tangent * half_tangent;
        let (cos, sin) = ((1.0 - half_tangent * half_tangent) / norm, 2.0 * half_tangent / norm);
        let [x, y] = scale;
        let matrix = [[cos * x, (cos * slant - sin) * y], [sin * x, (sin * slant + cos) * y]];
        Self { matrix, shift }
    }

    pub(super) fn apply(&self, [x, y]: Point) -> Point {
        [0, 1].map(|i| self.matrix[i][0] * x + self.matrix[i][1] * y + self.shift[i])
    }
}

/// Cells of the displacement field along each axis of the glyph's square.
const CELLS: usize = 2;

/// A smooth field of displacements: a cubic B-spline surface over a grid of random vectors.
pub(super) struct Field([[Point; CELLS + 3]; CELLS + 3]);

impl Field {
    /// Displacements of standard deviation `strength` (in units of the glyph's height) in each axis.
    pub(super) fn new(strength: f32, rng: &mut impl Rng) -> Self {
        // The spline's averaging halves the deviation of its nodes.
        let mut node = || [(); 2].map(|()| 2.0 * strength * bell(rng));
        Self([(); CELLS + 3].map(|()| [(); CELLS + 3].map(|()| node())))
    }

    /// `point` moved by the field, which continues beyond the glyph's square as it is on the edge.
    pub(super) fn apply(&self, point: Point) -> Point {
        let place = point.map(|v| ((v + 0.5) * CELLS as f32).clamp(0.0, CELLS as f32));
        let [column, row] = place.map(|v| (v as usize).min(CELLS - 1));
        let across = b_spline(place[0] - column as f32);
        let down = b_spline(place[1] - row as f32);
        let mut moved = point;
        for (nodes, down) in self.0[row..].iter().zip(down) {
            for (node, across) in nodes[column..].iter().zip(across) {
                moved[0] += down * across * node[0];
                moved[1] += down * across * node[1];
            }
        }
        moved
    }
}

/// The weights of the four nodes around a cell at place `t` (0 to 1) in it, for a uniform cubic B-spline.
fn b_spline(t: f32) -> [f32; 4] {
    let s = 1.0 - t;
    [s * s * s, 4.0 - 3.0 * t * t * (1.0 + s), 4.0 - 3.0 * s * s * (1.0 + t), t * t * t].map(|w| w / 6.0)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn bell_has_mean_zero_and_variance_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let draws: Vec<f64> = (0..100_000).map(|_| f64::from(bell(&mut rng))).collect();
        let moment = |power| draws.iter().map(|v| v.powi(power)).sum::<f64>() / draws.len() as f64;
        assert!(moment(1).abs() < 0.02, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.02, "{}", moment(2));
    }

    #[test]
    fn affine_maps_scale_first_then_slant_then_rotate_then_shift() {
        let check = |affine: Affine, expected: Point| assert_eq!(affine.apply([3.0, 5.0]), expected);
        check(Affine::new([1.0, 1.0], 0.0, 0.0, [0.0, 0.0]), [3.0, 5.0]);
        check(Affine::new([2.0, 4.0], 0.0, 0.0, [1.0, -1.0]), [7.0, 19.0]);
        check(Affine::new([2.0, 4.0], 0.5, 0.0, [0.0, 0.0]), [16.0, 20.0]);
        // The tangent of half a right angle is 1; x goes to y, and y to -x.
        check(Affine::new([2.0, 4.0], 0.5, 1.0, [1.0, -1.0]), [-19.0, 15.0]);
    }

    #[test]
    fn spline_weights_are_positive_and_sum_to_one() {
        for t in [0.0, 0.1, 0.5, 0.7, 1.0] {
            let weights = b_spline(t);
            assert!(weights.iter().all(|&w| w >= 0.0), "{weights:?}");
            assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{weights:?}");
        }
        assert_eq!(b_spline(0.0), [1.0, 4.0, 1.0, 0.0].map(|w| w / 6.0));
        assert_eq!(b_spline(1.0), [0.0, 1.0, 4.0, 1.0].map(|w| w / 6.0));
    }

    #[test]
    fn the_field_is_continuous_and_as_strong_as_asked() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut squares = 0.0;
        for _ in 0..10_000 {
            let field = Field::new(0.1, &mut rng);
            let [x, y] = field.apply([0.0, 0.0]);
            squares += x * x + y * y;
            let [left, right] = [-1e-5, 1e-5].map(|v| field.apply([v, v]));
            assert!([0, 1].iter().all(|&i| (left[i] - right[i]).abs() < 1e-3));
        }
        // Two axes, and 0.1 squared in each.
        assert!((squares / 20_000.0 - 0.01).abs() < 5e-4, "{squares}");
        assert_eq!(Field::new(0.0, &mut rng).apply([0.2, -0.7]), [0.2, -0.7]);
    }
}
