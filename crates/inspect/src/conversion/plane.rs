//! A grid of numbers, and the filters over windows that tell ink from ground.

use std::collections::VecDeque;

/// Numbers in rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f32>,
}

/// How far a filter's window reaches from its centre, in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    pub across: usize,
    pub down: usize,
}

impl Plane {
    pub fn from_fn(width: usize, height: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let values = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| value(x, y)).collect();
        Self { width, height, values }
    }

    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.values[y * self.width + x]
    }

    pub fn shorter_side(&self) -> usize {
        self.width.min(self.height)
    }

    pub fn longer_side(&self) -> usize {
        self.width.max(self.height)
    }

    /// The same size with other numbers.
    pub fn map(&self, value: impl Fn(f32) -> f32) -> Self {
        let values = self.values.iter().map(|&v| value(v)).collect();
        Self { values, ..*self }
    }

    /// The same size, from the numbers of two planes.
    pub fn zip(&self, other: &Self, value: impl Fn(f32, f32) -> f32) -> Self {
        let values = self.values.iter().zip(&other.values).map(|(&a, &b)| value(a, b)).collect();
        Self { values, ..*self }
    }

    /// Rows become columns.
    pub fn turned(&self) -> Self {
        Self::from_fn(self.height, self.width, |x, y| self.at(y, x))
    }

    /// What lies at `share` of the way from the least to the greatest number.
    pub fn quantile(&self, share: f64) -> f32 {
        quantile(self.values.clone(), share)
    }

    /// A morphological opening: light structures into which no window fits are gone, larger ones and everything darker
    /// stay as they are. The edge counts as continuing outwards, so that what runs out of the picture is no thin strip.
    pub fn opened(&self, reach: Reach) -> Self {
        let least = self.slid(reach.across, Pass::Least).turned().slid(reach.down, Pass::Least); // turned, grown
        let most = least.slid(reach.down, Pass::Most).turned(); // grown across only
        most.slid(reach.across, Pass::Most)
    }

    /// The least of each window along the rows, whose centres lie up to `reach` outside the picture; or the greatest,
    /// which takes that margin off again.
    fn slid(&self, reach: usize, pass: Pass) -> Self {
        if reach == 0 {
            return self.clone();
        }
        let (from, to) = match pass {
            Pass::Least => (0, self.width + 2 * reach),
            Pass::Most => (2 * reach, self.width),
        };
        let mut values = Vec::with_capacity((to - from) * self.height);
        let mut window = VecDeque::new();
        for row in self.values.chunks_exact(self.width) {
            window.clear();
            for i in 0..to {
                if let Some(&value) = row.get(i) {
                    let outdone = |&last: &usize| match pass {
                        Pass::Least => row[last] >= value,
                        Pass::Most => row[last] <= value,
                    };
                    while window.back().is_some_and(outdone) {
                        window.pop_back();
                    }
                    window.push_back(i);
                }
                while window.front().is_some_and(|&first| first + 2 * reach < i) {
                    window.pop_front();
                }
                if i >= from {
                    values.extend(window.front().map(|&best| row[best]));
                }
            }
        }
        Self { width: to - from, height: self.height, values }
    }
}

#[derive(Clone, Copy)]
enum Pass {
    Least,
    Most,
}

/// What lies at `share` of the way through the sorted numbers; 0 where there are none.
pub fn quantile(mut values: Vec<f32>, share: f64) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let place = ((values.len() - 1) as f64 * share).round() as usize;
    *values.select_nth_unstable_by(place, f32::total_cmp).1
}

/// How far each place inside lies from the nearest place outside, in pixels, by steps of 1 and the root of 2; what lies
/// beyond the picture's edge is neither.
pub fn depth(width: usize, height: usize, inside: impl Fn(usize) -> bool) -> Plane {
    const STEPS: [(isize, isize, f32); 4] =
        [(-1, 0, 1.0), (0, -1, 1.0), (-1, -1, std::f32::consts::SQRT_2), (1, -1, std::f32::consts::SQRT_2)];
    let far = (width + height) as f32;
    let mut values: Vec<f32> = (0..width * height).map(|i| if inside(i) { far } else { 0.0 }).collect();
    let mut relax = |i: usize, sign: isize| {
        let (x, y) = ((i % width) as isize, (i / width) as isize);
        for (dx, dy, step) in STEPS {
            let (x, y) = (x + sign * dx, y + sign * dy);
            if (0..width as isize).contains(&x) && (0..height as isize).contains(&y) {
                let through = values[y as usize * width + x as usize] + step;
                values[i] = values[i].min(through);
            }
        }
    };
    (0..width * height).for_each(|i| relax(i, 1));
    (0..width * height).rev().for_each(|i| relax(i, -1));
    Plane { width, height, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(rows: &[&[f32]]) -> Plane {
        Plane { width: rows[0].len(), height: rows.len(), values: rows.concat() }
    }

    #[test]
    fn opening_removes_what_no_window_fits_into() {
        let line = plane(&[&[9.0, 9.0, 1.0, 5.0, 1.0, 7.0, 7.0, 7.0, 2.0]]);
        let across = Reach { across: 1, down: 0 };
        // The strip at the left edge continues outwards, the single 5 is thinner than three, the three 7s are not.
        assert_eq!(line.opened(across).values, [9.0, 9.0, 1.0, 1.0, 1.0, 7.0, 7.0, 7.0, 2.0]);
        assert_eq!(line.turned().opened(Reach { across: 0, down: 1 }).values, line.opened(across).values);
        // A ramp stays as it is, whatever the window.
        let ramp = Plane::from_fn(20, 10, |x, y| (2 * x + 3 * y) as f32);
        assert_eq!(ramp.opened(Reach { across: 4, down: 4 }), ramp);
        let dot = Plane::from_fn(9, 9, |x, y| if x == 4 && y == 4 { 3.0 } else { 1.0 });
        assert!(dot.opened(Reach { across: 1, down: 1 }).values.iter().all(|&v| v == 1.0));
    }

    #[test]
    fn depth_is_the_way_out() {
        let bar = depth(5, 7, |i| (1..4).contains(&(i % 5)));
        assert_eq!(bar.values[10..15], [0.0, 1.0, 2.0, 1.0, 0.0]);
        let square = depth(5, 5, |i| i != 0);
        assert!((square.at(2, 2) - 2.0 * std::f32::consts::SQRT_2).abs() < 1e-6);
    }

    #[test]
    fn quantiles_lie_between_least_and_greatest() {
        assert_eq!(quantile(vec![3.0, 1.0, 2.0], 0.0), 1.0);
        assert_eq!(quantile(vec![3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(vec![3.0, 1.0, 2.0], 1.0), 3.0);
        assert_eq!(quantile(Vec::new(), 0.5), 0.0);
    }
}
