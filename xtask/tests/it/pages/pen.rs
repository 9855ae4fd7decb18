//! What a pen, a marker or a pencil makes of a digit.

use super::Condition;

/// Ink on a square grid.
pub struct Ink {
    side: usize,
    levels: Vec<f32>,
}

impl Ink {
    /// Between the grid's points, places from 0 to 1.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x * self.side as f32 - 0.5, y * self.side as f32 - 0.5);
        let level = |x: f32, y: f32| {
            let inside = x >= 0.0 && y >= 0.0 && x < self.side as f32 && y < self.side as f32;
            if inside { self.levels[y as usize * self.side + x as usize] } else { 0.0 }
        };
        let (left, top) = (x.floor(), y.floor());
        let (right, down) = (x - left, y - top);
        let row = |y: f32| level(left, y) * (1.0 - right) + level(left + 1.0, y) * right;
        row(top) * (1.0 - down) + row(top + 1.0) * down
    }
}

/// The digit as its pen wrote it: a marker's strokes are wider, a pencil's a thin line.
pub fn strokes(digit: &[u8], condition: Condition) -> Ink {
    let plain = Ink { side: 28, levels: digit.iter().map(|&level| f32::from(level) / 255.0).collect() };
    let side = 140;
    let place = |i: usize| ((i % side) as f32 + 0.5, (i / side) as f32 + 0.5);
    let fine = |i: usize| {
        let (x, y) = place(i);
        plain.at(x / side as f32, y / side as f32) > 0.5
    };
    let spread = |mask: &[bool], radius: isize| {
        let near = |i: usize| {
            let (x, y) = ((i % side) as isize, (i / side) as isize);
            (-radius..=radius).any(|dy| {
                (-radius..=radius).any(|dx| {
                    let (x, y) = (x + dx, y + dy);
                    let inside = (0..side as isize).contains(&x) && (0..side as isize).contains(&y);
                    dx * dx + dy * dy <= radius * radius && inside && mask[(y * side as isize + x) as usize]
                })
            })
        };
        (0..side * side).map(|i| f32::from(u8::from(near(i)))).collect::<Vec<f32>>()
    };
    let mask = || (0..side * side).map(fine).collect::<Vec<bool>>();
    match condition {
        Condition::Marker => Ink { side, levels: spread(&mask(), 4) },
        Condition::Pencil | Condition::PencilRuled => {
            let mut mask = mask();
            thin(&mut mask, side);
            Ink { side, levels: spread(&mask, 1) }
        }
        _ => plain,
    }
}

/// Strokes down to a line of one pixel (Zhang and Suen 1984).
fn thin(mask: &mut [bool], side: usize) {
    loop {
        let before = mask.iter().filter(|&&inked| inked).count();
        for first in [true, false] {
            let goes = |i: &usize| {
                let (x, y) = (i % side, i / side);
                if !mask[*i] || x == 0 || y == 0 || x + 1 == side || y + 1 == side {
                    return false;
                }
                let p =
                    [*i - side, *i - side + 1, *i + 1, *i + side + 1, *i + side, *i + side - 1, *i - 1, *i - side - 1]
                        .map(|near| mask[near]);
                let inked = p.iter().filter(|&&inked| inked).count();
                let turns = (0..8).filter(|&k| !p[k] && p[(k + 1) % 8]).count();
                let [north, east, south, west] = [p[0], p[2], p[4], p[6]];
                let open =
                    if first { !(east && south && (north || west)) } else { !(north && west && (east || south)) };
                (2..=6).contains(&inked) && turns == 1 && open
            };
            let gone: Vec<usize> = (0..mask.len()).filter(goes).collect();
            gone.into_iter().for_each(|i| mask[i] = false);
        }
        if mask.iter().filter(|&&inked| inked).count() == before {
            return;
        }
    }
}
