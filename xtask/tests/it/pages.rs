//! Digits drawn as ink on pages as people photograph them: one condition each, everything drawn from a seed.

use image::{Rgb, RgbImage, Rgba, RgbaImage};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use pen::strokes;

mod pen;

/// What makes a page hard to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Even,
    Falling,
    CornerLit,
    SoftShadow,
    HardShadow,
    NarrowShadow,
    DarkTable,
    LightTable,
    OnDesk,
    Ruled,
    StronglyRuled,
    Squared,
    OneSpeck,
    Specks,
    Marker,
    Pencil,
    PencilRuled,
    Colour,
    Chalk,
    ChalkFalling,
    Turned,
    TurnedRuled,
    Jpeg,
    Grain,
    NearEdge,
    Tight,
    Small,
    RuledFalling,
    TableShadow,
    Large,
}

impl Condition {
    pub const ALL: [Self; 30] = [
        Self::Even,
        Self::Falling,
        Self::CornerLit,
        Self::SoftShadow,
        Self::HardShadow,
        Self::NarrowShadow,
        Self::DarkTable,
        Self::LightTable,
        Self::OnDesk,
        Self::Ruled,
        Self::StronglyRuled,
        Self::Squared,
        Self::OneSpeck,
        Self::Specks,
        Self::Marker,
        Self::Pencil,
        Self::PencilRuled,
        Self::Colour,
        Self::Chalk,
        Self::ChalkFalling,
        Self::Turned,
        Self::TurnedRuled,
        Self::Jpeg,
        Self::Grain,
        Self::NearEdge,
        Self::Tight,
        Self::Small,
        Self::RuledFalling,
        Self::TableShadow,
        Self::Large,
    ];

    fn ruled(self) -> bool {
        use Condition::{PencilRuled, Ruled, RuledFalling, Squared, StronglyRuled, TurnedRuled};
        matches!(self, Ruled | StronglyRuled | Squared | PencilRuled | TurnedRuled | RuledFalling)
    }
}

/// Places on the page, in pixels.
struct Geometry {
    size: (u32, u32),
    /// Side and upper left corner of the 28 x 28 digit.
    digit: (f32, f32, f32),
    /// Radians by which the page is turned.
    turn: f32,
}

/// A 28 x 28 digit, white on black, drawn on a page.
pub fn page(digit: &[u8], condition: Condition, seed: u64) -> RgbImage {
    use Condition as C;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let Geometry { size, digit: (side, left, top), turn } = geometry(digit, condition, &mut rng);
    let ink = strokes(digit, condition);
    let grain = if condition == C::Grain { 14.0 } else { 3.0 };

    let chalk = matches!(condition, C::Chalk | C::ChalkFalling);
    let paper: [f32; 3] = if chalk { [40.0, 52.0, 46.0] } else { [228.0, 226.0, 220.0] };
    let pens: [[f32; 3]; 5] =
        [[190.0, 40.0, 45.0], [40.0, 60.0, 170.0], [30.0, 120.0, 60.0], [235.0, 130.0, 30.0], [235.0, 205.0, 40.0]];
    let pen: [f32; 3] = match condition {
        C::Colour => pens[rng.random_range(0..pens.len())],
        C::Chalk | C::ChalkFalling => [225.0, 225.0, 215.0],
        C::Pencil | C::PencilRuled => [125.0; 3],
        _ => [38.0, 38.0, 42.0],
    };
    let spacing = size.1 as f32 / rng.random_range(8.0..14.0);
    let (phase, line_width) = (rng.random_range(0.0..spacing), rng.random_range(0.8..2.2f32));
    let line: [f32; 3] = if condition == C::StronglyRuled { [60.0, 70.0, 120.0] } else { [170.0, 185.0, 210.0] };
    let specks: Vec<(f32, f32, f32)> = (0..if condition == C::OneSpeck { 1 } else { 9 })
        .map(|_| {
            let (x, y) = (rng.random_range(0.03..0.97) * size.0 as f32, rng.random_range(0.03..0.97) * size.1 as f32);
            (x, y, rng.random_range(1.0..0.012 * size.0 as f32 + 1.2))
        })
        // None on the digit itself.
        .filter(|(x, y, _)| !(left - 8.0..left + side + 8.0).contains(x) || !(top - 8.0..top + side + 8.0).contains(y))
        .collect();
    let light = light(condition, size, &mut rng);
    let table = table(condition, size, (side, left, top), &mut rng);

    let (sin, cos) = turn.sin_cos();
    let middle = (size.0 as f32 / 2.0, size.1 as f32 / 2.0);
    RgbImage::from_fn(size.0, size.1, |px, py| {
        let (dx, dy) = (px as f32 + 0.5 - middle.0, py as f32 + 0.5 - middle.1);
        let (x, y) = (middle.0 + cos * dx + sin * dy, middle.1 - sin * dx + cos * dy);
        let mut colour = paper;
        let mut lay = |over: [f32; 3], share: f32| {
            for (below, over) in colour.iter_mut().zip(over) {
                *below += (over - *below) * share;
            }
        };
        if condition.ruled() {
            let near = |at: f32| {
                let off = (at - phase).rem_euclid(spacing);
                (line_width / 2.0 + 0.5 - off.min(spacing - off)).clamp(0.0, 1.0)
            };
            lay(line, near(y));
            if condition == C::Squared {
                lay(line, near(x));
            }
        }
        if matches!(condition, C::OneSpeck | C::Specks) {
            for &(sx, sy, radius) in &specks {
                lay([50.0; 3], (radius + 0.5 - (x - sx).hypot(y - sy)).clamp(0.0, 1.0));
            }
        }
        lay(pen, ink.at((x - left) / side, (y - top) / side));
        if let Some((outside, colour)) = &table {
            lay(*colour, outside(x, y));
        }
        let light = light(x / size.0 as f32, y / size.1 as f32);
        Rgb(colour.map(|value| {
            let noise: f32 = (0..3).map(|_| rng.random_range(-1.0..1.0f32)).sum::<f32>() * grain;
            (value * light + noise).round().clamp(0.0, 255.0) as u8
        }))
    })
}

fn geometry(digit: &[u8], condition: Condition, rng: &mut ChaCha8Rng) -> Geometry {
    use Condition as C;
    let size = match condition {
        C::Small => (28, 28),
        C::Large => (4000, 3000),
        C::OnDesk => (600, 500),
        C::Tight => (180, 180),
        _ => [(400, 300), (300, 400), (640, 480)][rng.random_range(0..3)],
    };
    let (width, height) = (size.0 as f32, size.1 as f32);
    let side = match condition {
        C::Small => 22.0,
        C::Tight => 230.0,
        C::OnDesk => 200.0,
        _ => width.min(height) * rng.random_range(0.4..0.75),
    };
    let inset = |range: f32, rng: &mut ChaCha8Rng| range * rng.random_range(0.1..0.9);
    let (mut left, mut top) = (inset(width - side, rng), inset(height - side, rng));
    // The digit's own box within its 28 pixels.
    let inked = |i: &usize| digit[*i] > 100;
    let columns = (0..784).filter(inked).map(|i| i % 28);
    let rows = (0..784).filter(inked).map(|i| i / 28);
    let place = |at: usize| at as f32 / 28.0 * side;
    match condition {
        C::NearEdge => {
            left = 3.0 - place(columns.clone().min().unwrap_or(0));
            if rng.random_bool(0.5) {
                top = height - 3.0 - place(rows.clone().max().unwrap_or(27) + 1);
            }
        }
        C::Tight => (left, top) = ((width - side) / 2.0, (height - side) / 2.0),
        C::Small => {
            left = rng.random_range(-2..=8) as f32;
            top = rng.random_range(-2..=8) as f32;
        }
        C::OnDesk => (left, top) = (200.0, 150.0),
        _ => {}
    }
    let turn = match condition {
        C::Turned | C::TurnedRuled => rng.random_range(-0.1..0.1),
        _ => 0.0,
    };
    Geometry { size, digit: (side, left, top), turn }
}

/// The light at each place of the page, places from 0 to 1.
fn light(condition: Condition, size: (u32, u32), rng: &mut ChaCha8Rng) -> Box<dyn Fn(f32, f32) -> f32> {
    use Condition as C;
    let angle: f32 = rng.random_range(0.0..std::f32::consts::TAU);
    let (cos, sin) = (angle.cos(), angle.sin());
    let along = move |x: f32, y: f32| (x - 0.5) * cos + (y - 0.5) * sin;
    let (offset, dark) = (rng.random_range(-0.25..0.25f32), rng.random_range(0.4..0.65f32));
    match condition {
        C::Falling | C::ChalkFalling | C::RuledFalling => Box::new(move |x, y| 0.7 - 0.55 * along(x, y)),
        C::CornerLit => Box::new(move |x: f32, y: f32| 1.0 - 0.55 * x.hypot(y)),
        C::SoftShadow => Box::new(move |x, y| {
            let edge = ((along(x, y) - offset) / 0.25).clamp(-0.5, 0.5) + 0.5;
            1.0 - (1.0 - dark) * edge
        }),
        C::HardShadow | C::TableShadow => {
            let sharp = size.0 as f32 / 3.0;
            Box::new(move |x, y| {
                let edge = ((along(x, y) - offset) * sharp).clamp(-0.5, 0.5) + 0.5;
                1.0 - (1.0 - dark) * edge
            })
        }
        C::NarrowShadow => Box::new(move |x, y| {
            let inside = (0.14 - (along(x, y) - offset).abs()) / 0.03;
            1.0 - (1.0 - dark) * inside.clamp(0.0, 1.0)
        }),
        _ => Box::new(|_, _| 1.0),
    }
}

type Table = (Box<dyn Fn(f32, f32) -> f32>, [f32; 3]);

/// How far each place lies on the table beside the page, 0 or 1 but for the edge's own pixels; and its colour.
fn table(condition: Condition, size: (u32, u32), digit: (f32, f32, f32), rng: &mut ChaCha8Rng) -> Option<Table> {
    use Condition as C;
    let brown = [95.0, 68.0, 50.0];
    let (side, left, top) = digit;
    match condition {
        C::DarkTable | C::LightTable | C::TableShadow => {
            // An edge, a little askew, between the digit and the side of the picture where there is more room.
            let colour = if condition == C::LightTable { [255.0, 254.0, 250.0] } else { brown };
            let slope: f32 = rng.random_range(-0.08..0.08);
            let right = size.0 as f32 - (left + side) > left;
            let room = if right { size.0 as f32 - left - side } else { left };
            let edge = room * rng.random_range(0.2..0.9);
            let width = size.0 as f32;
            let middle = top + side / 2.0;
            Some((
                Box::new(move |x, y| {
                    let x = if right { width - x } else { x };
                    (edge - x + slope * (y - middle)).clamp(0.0, 1.0)
                }),
                colour,
            ))
        }
        C::OnDesk => {
            let [l, r, t, b]: [f32; 4] = [(); 4].map(|()| rng.random_range(40.0..120.0f32));
            let (right, bottom) = (size.0 as f32 - r, size.1 as f32 - b);
            Some((Box::new(move |x, y| (l - x).max(x - right).max((t - y).max(y - bottom)).clamp(0.0, 1.0)), brown))
        }
        _ => None,
    }
}

/// White strokes on a transparent ground, as a browser's canvas saves them.
pub fn canvas(digit: &[u8]) -> RgbaImage {
    let ink = strokes(digit, Condition::Even);
    RgbaImage::from_fn(224, 224, |x, y| {
        let level = ink.at((x as f32 + 0.5) / 224.0, (y as f32 + 0.5) / 224.0);
        Rgba([255, 255, 255, (level * 255.0).round() as u8])
    })
}
