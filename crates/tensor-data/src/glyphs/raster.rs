//! A small canvas on which a soft round pen draws.

use super::deform::{Point, smoothstep};
use super::{PIXELS, SIDE};

/// Ink per pixel, 0 (none) to 1 (full). Pixel (column, row) has its centre at that very point.
pub(super) struct Canvas([f32; PIXELS]);

impl Canvas {
    pub(super) fn new() -> Self {
        Self([0.0; PIXELS])
    }

    /// Draws the segment `a` to `b`, whose ink is `ink` up to about `radius` pixels from it and fades to nothing
    /// over 2 * `softness` pixels around that radius. Ink does not add up where strokes cross.
    pub(super) fn segment(&mut self, a: Point, b: Point, radius: f32, softness: f32, ink: f32) {
        let reach = radius + softness;
        let last = (SIDE - 1) as f32;
        let [columns, rows] = [0, 1].map(|i| {
            let from = (a[i].min(b[i]) - reach).ceil().clamp(0.0, last + 1.0);
            let to = (a[i].max(b[i]) + reach).floor().clamp(-1.0, last);
            from as usize..(to + 1.0) as usize
        });
        for row in rows {
            for column in columns.clone() {
                let away = distance([column as f32, row as f32], a, b);
                let cover = ink * smoothstep((reach - away) / (2.0 * softness));
                let pixel = &mut self.0[row * SIDE + column];
                *pixel = pixel.max(cover);
            }
        }
    }

    /// The picture in bytes, each pixel shifted by up to `noise` (of full ink): `grain` holds a random byte per pixel.
    pub(super) fn develop(&self, noise: f32, grain: &[u8; PIXELS], picture: &mut [u8]) {
        for ((byte, ink), grain) in picture.iter_mut().zip(&self.0).zip(grain) {
            let grain = f32::from(*grain) / 127.5 - 1.0;
            *byte = (255.0 * (ink + noise * grain)).round().clamp(0.0, 255.0) as u8;
        }
    }
}

/// Distance from `p` to the segment `a` to `b`.
pub(super) fn distance(p: Point, a: Point, b: Point) -> f32 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let from = [p[0] - a[0], p[1] - a[1]];
    let square = along[0] * along[0] + along[1] * along[1];
    let t = ((from[0] * along[0] + from[1] * along[1]) / square.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
    let [x, y] = [from[0] - t * along[0], from[1] - t * along[1]];
    (x * x + y * y).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_to_the_nearest_point_of_the_segment() {
        let check = |p, expected| assert_eq!(distance(p, [2.0, 1.0], [6.0, 1.0]), expected);
        check([4.0, 1.0], 0.0);
        check([5.0, 4.0], 3.0); // beside it
        check([-1.0, 5.0], 5.0); // before its start
        check([9.0, -3.0], 5.0); // past its end
        assert_eq!(distance([3.0, 4.0], [0.0, 0.0], [0.0, 0.0]), 5.0); // a segment that is a point
    }

    #[test]
    fn a_stroke_is_as_wide_as_the_pen() {
        let mut canvas = Canvas::new();
        canvas.segment([-5.0, 13.0], [40.0, 13.0], 2.0, 1.0, 0.5);
        let column: Vec<f32> = (0..SIDE).map(|row| canvas.0[row * SIDE + 14]).collect();
        // The soft edge is symmetric about the radius, so that the width is twice the radius.
        assert!((column.iter().sum::<f32>() - 0.5 * 4.0).abs() < 1e-5, "{column:?}");
        assert_eq!(column[9..18], [0.0, 0.0, 0.25, 0.5, 0.5, 0.5, 0.25, 0.0, 0.0]);
    }

    #[test]
    fn strokes_off_the_canvas_leave_no_ink() {
        let mut canvas = Canvas::new();
        for (a, b) in [([-9.0, -9.0], [-9.0, 40.0]), ([40.0, 3.0], [50.0, 3.0]), ([3.0, -80.0], [3.0, -70.0])] {
            canvas.segment(a, b, 1.0, 0.5, 1.0);
        }
        assert_eq!(canvas.0, [0.0; PIXELS]);
    }

    #[test]
    fn noise_stays_within_its_bounds_and_bytes_do_not_wrap() {
        let mut canvas = Canvas::new();
        canvas.0[..3].copy_from_slice(&[0.5, 1.5, 0.0]);
        let mut grain = [0; PIXELS];
        grain[0] = 255;
        let mut picture = [7; PIXELS];
        canvas.develop(0.2, &grain, &mut picture);
        assert_eq!(picture[..4], [179, 255, 0, 0]); // 255 * 0.7 = 178.5
    }
}
