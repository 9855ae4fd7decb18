//! The digits' strokes as data: what a pen follows before anything is deformed.
//!
//! Coordinates are hundredths of the glyph's height, x to the right and y down, with (50, 50) at its centre.

use super::deform::Point;

/// One movement of the pen, through each of its points.
pub(super) enum Stroke {
    /// Straight from point to point, with corners.
    Line(&'static [(u8, u8)]),
    /// Smoothly, along a Catmull-Rom spline (cubic Bézier pieces whose tangents follow the neighbouring points).
    Curve(&'static [(u8, u8)]),
}

use Stroke::{Curve, Line};

/// How many straight pieces one span between two points becomes. Lines are cut up too, so that they can bend.
const PIECES: u8 = 6;

impl Stroke {
    /// The stroke as a polyline in units of the glyph's height, centred on the origin.
    pub(super) fn flatten(&self) -> Vec<Point> {
        let (Line(points) | Curve(points)) = self;
        let spans = points.len() - 1;
        let closed = points[0] == points[spans];
        let at = |i: usize| {
            let (x, y) = points[i];
            [f32::from(x) / 100.0 - 0.5, f32::from(y) / 100.0 - 0.5]
        };
        let mut polyline = vec![at(0)];
        for i in 0..spans {
            let (a, b) = (at(i), at(i + 1));
            // Past its ends a closed curve continues round, an open one stands still.
            let (first, last) = if closed { (spans - 1, 1) } else { (0, spans) };
            let before = at(if i == 0 { first } else { i - 1 });
            let after = at(if i + 1 == spans { last } else { i + 2 });
            polyline.extend((1..=PIECES).map(|k| {
                let t = f32::from(k) / f32::from(PIECES);
                [0, 1].map(|axis| match self {
                    Line(_) => a[axis] + (b[axis] - a[axis]) * t,
                    Curve(_) => catmull_rom([before, a, b, after].map(|p| p[axis]), t),
                })
            }));
        }
        polyline
    }
}

/// The cubic from `a` (at `t` 0) to `b` (at `t` 1) whose slope at each is half the way between its neighbours.
fn catmull_rom([before, a, b, after]: [f32; 4], t: f32) -> f32 {
    let s = 1.0 - t;
    let (leave, arrive) = ((b - before) / 2.0, (after - a) / 2.0);
    s * s * ((1.0 + 2.0 * t) * a + t * leave) + t * t * ((1.0 + 2.0 * s) * b - s * arrive)
}

/// One way to write a digit: its strokes.
pub(super) type Skeleton = &'static [Stroke];

/// The ways in which each digit is written, by digit.
#[rustfmt::skip] // a table, not a list of numbers one below the other
pub(super) const DIGITS: [&[Skeleton]; 10] = [
    &[
        &[Curve(&[(50, 0), (22, 16), (14, 50), (22, 84), (50, 100), (78, 84), (86, 50), (78, 16), (50, 0)])],
        &[Curve(&[(64, 6), (36, 8), (17, 40), (21, 76), (44, 99), (70, 86), (84, 52), (74, 16), (50, 2), (38, 14)])],
        &[Curve(&[(64, 3), (42, 18), (28, 52), (32, 88), (48, 98), (64, 80), (74, 40), (64, 3)])],
    ],
    &[
        &[Curve(&[(52, 0), (50, 50), (48, 100)])],
        &[Line(&[(62, 0), (40, 100)])],
        &[Line(&[(34, 22), (54, 0), (54, 100)])],
        &[Line(&[(32, 20), (52, 0), (52, 100)]), Line(&[(30, 100), (76, 100)])],
    ],
    &[
        &[
            Curve(&[(20, 24), (34, 5), (60, 2), (78, 22), (70, 46), (46, 72), (16, 98)]),
            Line(&[(16, 98), (86, 98)]),
        ],
        &[Curve(&[
            (20, 22), (42, 2), (70, 8), (75, 32), (58, 62), (36, 88), (18, 95), (14, 82), (30, 77), (54, 90), (72, 97),
            (90, 88),
        ])],
        &[
            Curve(&[(24, 20), (46, 2), (70, 12), (72, 36), (52, 66), (18, 96)]),
            Curve(&[(18, 96), (40, 88), (62, 98), (86, 90)]),
        ],
    ],
    &[
        &[
            Curve(&[(20, 14), (44, 0), (70, 10), (72, 34), (42, 47)]),
            Curve(&[(42, 47), (74, 56), (80, 82), (52, 100), (18, 88)]),
        ],
        &[Line(&[(22, 3), (76, 3), (46, 41)]), Curve(&[(46, 41), (74, 48), (80, 76), (54, 99), (18, 90)])],
        &[Curve(&[
            (22, 10), (50, 0), (72, 16), (62, 38), (42, 48), (38, 43), (50, 45), (74, 58), (76, 84), (50, 100),
            (18, 92),
        ])],
    ],
    &[
        &[Line(&[(28, 4), (19, 58), (84, 58)]), Line(&[(66, 26), (62, 100)])],
        &[Line(&[(62, 0), (14, 66), (88, 66)]), Line(&[(62, 0), (62, 100)])],
        &[Curve(&[(24, 2), (19, 34), (34, 52), (68, 44)]), Curve(&[(76, 2), (68, 48), (62, 100)])],
        &[Line(&[(40, 0), (16, 54), (84, 50)]), Line(&[(72, 4), (54, 100)])],
    ],
    &[
        &[Line(&[(78, 3), (30, 3), (26, 44)]), Curve(&[(26, 44), (52, 36), (78, 52), (78, 82), (50, 100), (18, 90)])],
        &[Curve(&[(78, 5), (46, 3), (28, 20), (40, 42), (66, 54), (74, 78), (50, 98), (18, 88)])],
        &[
            Curve(&[(32, 6), (28, 44), (56, 40), (78, 62), (68, 92), (40, 100), (18, 88)]),
            Line(&[(32, 6), (84, 1)]),
        ],
    ],
    &[
        &[Curve(&[(70, 2), (40, 22), (21, 60), (28, 90), (54, 100), (78, 84), (74, 60), (50, 52), (24, 70)])],
        &[Curve(&[(56, 0), (35, 38), (25, 76), (42, 98), (66, 91), (68, 68), (48, 60), (27, 78)])],
        &[Curve(&[
            (78, 12), (60, 0), (34, 16), (18, 54), (26, 90), (54, 100), (80, 80), (66, 55), (38, 56), (21, 72),
        ])],
    ],
    &[
        &[Line(&[(16, 4), (82, 4), (40, 100)])],
        &[Line(&[(18, 4), (82, 4), (42, 100)]), Line(&[(36, 50), (78, 50)])],
        &[Curve(&[(16, 12), (30, 2), (60, 7), (84, 4)]), Curve(&[(84, 4), (58, 46), (46, 100)])],
        &[Line(&[(20, 20), (20, 3), (80, 3)]), Curve(&[(80, 3), (62, 44), (54, 100)])],
    ],
    &[
        &[Curve(&[
            (74, 14), (50, 0), (26, 16), (36, 40), (64, 56), (78, 80), (50, 100), (22, 80), (36, 56), (64, 38),
            (74, 14),
        ])],
        &[
            Curve(&[(50, 0), (28, 10), (28, 36), (50, 47), (72, 36), (72, 10), (50, 0)]),
            Curve(&[(50, 47), (22, 58), (22, 88), (50, 100), (78, 88), (78, 58), (50, 47)]),
        ],
        &[Curve(&[
            (80, 6), (50, 2), (28, 18), (44, 44), (66, 66), (66, 92), (44, 99), (32, 82), (46, 54), (72, 28), (82, 8),
        ])],
    ],
    &[
        &[
            Curve(&[(76, 20), (54, 0), (27, 12), (24, 38), (46, 51), (72, 38), (78, 10)]),
            Line(&[(78, 10), (72, 100)]),
        ],
        &[Curve(&[(76, 24), (54, 2), (27, 16), (28, 44), (56, 50), (76, 22), (77, 56), (62, 92), (28, 96)])],
        &[
            Curve(&[(74, 12), (52, 2), (28, 22), (34, 46), (58, 42), (76, 8)]),
            Curve(&[(76, 8), (64, 54), (46, 100)]),
        ],
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_pass_through_their_points() {
        const POINTS: &[(u8, u8)] = &[(0, 50), (50, 0), (100, 50), (50, 100)];
        for stroke in [Line(POINTS), Curve(POINTS)] {
            let polyline = stroke.flatten();
            assert_eq!(polyline.len(), 3 * usize::from(PIECES) + 1);
            let through: Vec<Point> = polyline.into_iter().step_by(usize::from(PIECES)).collect();
            assert_eq!(through, [[-0.5, 0.0], [0.0, -0.5], [0.5, 0.0], [0.0, 0.5]]);
        }
    }

    #[test]
    fn a_line_is_straight_and_a_closed_curve_is_round_where_it_closes() {
        const RING: &[(u8, u8)] = &[(0, 50), (50, 0), (100, 50), (50, 100), (0, 50)];
        let half = usize::from(PIECES / 2);
        assert_eq!(Line(RING).flatten()[half], [-0.25, -0.25]);
        // The slopes at both ends are (0, -1/2) and (1/2, 0): by symmetry each span bulges out alike.
        let ring = Curve(RING).flatten();
        assert_eq!(ring[half], [-0.3125, -0.3125]);
        assert_eq!(ring[ring.len() - 1 - half], [-0.3125, 0.3125]);
    }

    #[test]
    fn every_digit_has_several_skeletons_on_the_glyphs_square() {
        for skeletons in DIGITS {
            assert!(skeletons.len() >= 3);
            for stroke in skeletons.iter().copied().flatten() {
                let (Line(points) | Curve(points)) = stroke;
                assert!(points.len() >= 2 && points.iter().all(|&(x, y)| x <= 100 && y <= 100));
            }
        }
    }
}
