//! The confusion matrix: which classes are taken for which.

use crate::colour::{PAPER, Rgb, mix, on};
use crate::numbers::grouped;
use crate::svg::{Anchor, Drawing, Style, Svg, text_width};
use crate::text::shortened;
use crate::{Error, Picture};

/// Deepest colours of right and of wrong answers: two ends of the colour-blind-safe pair blue and orange.
const RIGHT: Rgb = [0, 90, 143];
const MISTAKE: Rgb = [190, 76, 0];
const EMPTY: Rgb = [246, 246, 246];
const SIDE: f64 = 24.0;
/// Names of classes are cut to this many letters.
const LONGEST_NAME: usize = 16;

/// Counts of samples by true class (row) and predicted class (column).
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion {
    classes: Vec<String>,
    counts: Vec<u64>,
    /// The share of a class that has the deepest colour of a mistake; `None` for the matrix's own largest.
    deepest: Option<f64>,
}

impl Confusion {
    /// A matrix from counts in the order (true class, predicted class), row by row.
    ///
    /// # Errors
    /// No classes, or a number of counts other than the square of the number of classes.
    pub fn new(classes: Vec<String>, counts: Vec<u64>) -> Result<Confusion, Error> {
        let n = classes.len();
        if n == 0 {
            return Err(Error::Empty { what: "class" });
        }
        if counts.len() != n * n {
            return Err(Error::Length {
                what: "a confusion matrix",
                shape: vec![n, n],
                want: n * n,
                got: counts.len(),
            });
        }
        Ok(Confusion { classes, counts, deepest: None })
    }

    /// How many samples of class `truth` were given class `predicted`; 0 for classes that do not exist.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        let n = self.classes.len();
        if truth < n && predicted < n { self.counts[truth * n + predicted] } else { 0 }
    }

    /// The fraction of class `truth` that was given another class; none when there are no samples of it.
    pub fn class_error(&self, truth: usize) -> Option<f64> {
        let total: u64 = (0..self.classes.len()).map(|p| self.count(truth, p)).sum();
        (total > 0).then(|| (total - self.count(truth, truth)) as f64 / total as f64)
    }

    /// The fraction of all samples that were given another class than their own; none when there are no samples.
    pub fn error(&self) -> Option<f64> {
        let total: u64 = self.counts.iter().sum();
        let right: u64 = (0..self.classes.len()).map(|i| self.count(i, i)).sum();
        (total > 0).then(|| (total - right) as f64 / total as f64)
    }

    /// The largest share of a class, 0 to 1, that was taken for one other class.
    pub fn largest_mistake(&self) -> f64 {
        let n = self.classes.len();
        (0..n * n).filter(|i| i / n != i % n).map(|i| self.share(i / n, i % n)).fold(0.0, f64::max)
    }

    /// The same matrix with its mistakes on a scale up to `deepest`, a share of a class: one scale for several matrices.
    pub fn on_scale(self, deepest: f64) -> Confusion {
        Confusion { deepest: Some(deepest), ..self }
    }

    /// The share of class `truth` that was given class `predicted`.
    fn share(&self, truth: usize, predicted: usize) -> f64 {
        let n = self.classes.len();
        let total: u64 = self.counts[truth * n..][..n].iter().sum();
        self.count(truth, predicted) as f64 / total.max(1) as f64
    }

    /// A cell's colour and how opaque it is, 0 for none.
    fn shade(&self, truth: usize, predicted: usize, deepest: f64) -> (Rgb, f64) {
        let share = self.share(truth, predicted);
        match self.count(truth, predicted) {
            0 => (PAPER, 0.0),
            _ if truth == predicted => (RIGHT, 0.15 + 0.8 * share * share),
            _ => (MISTAKE, 0.15 + 0.85 * (share / deepest).min(1.0).sqrt()),
        }
    }

    /// The matrix as squares of `side` pixels without text, for many classes: true classes down, predicted ones across.
    ///
    /// # Errors
    /// Too many pixels.
    pub fn squares(&self, side: usize) -> Result<Picture, Error> {
        let (n, deepest) = (self.classes.len(), self.deepest.unwrap_or_else(|| self.largest_mistake()).max(1e-9));
        let mut rgb = Vec::new();
        for truth in 0..n {
            let row: Vec<Rgb> = (0..n)
                .map(|predicted| {
                    let (colour, opacity) = self.shade(truth, predicted, deepest);
                    mix(EMPTY, colour, opacity)
                })
                .collect();
            let line: Vec<u8> = row.iter().flat_map(|colour| colour.repeat(side)).collect();
            (0..side).for_each(|_| rgb.extend(&line));
        }
        Picture::rgb(n * side, n * side, rgb)
    }

    /// Draws the matrix: right answers in blue, deeper the larger their share of the class; mistakes in orange, deeper the
    /// larger their share of the class, on a scale of their own so that a good network's few mistakes show. The error of
    /// each class stands at the right. Cells carry `data-row` (true class) and `data-column` (predicted class).
    pub fn draw(&self, title: &str) -> Drawing {
        let n = self.classes.len();
        let names: Vec<String> = self.classes.iter().map(|c| shortened(c, LONGEST_NAME)).collect();
        let widest = names.iter().map(|name| text_width(name, Style::Label)).fold(0.0, f64::max);
        let digits = self.counts.iter().max().map_or(1, |c| c.to_string().len()) as f64;
        let cell = match n {
            0..=12 => 44f64.max(digits * 8.0 + 10.0),
            13..=30 => 34f64.max(digits * 8.0 + 6.0),
            _ => (900.0 / n as f64).max(4.0),
        };
        let names_fit = cell >= 14.0;
        let upright = names_fit && widest > cell - 4.0;
        let head = if upright { widest + 10.0 } else { 20.0 };
        let left = SIDE + 26.0 + if names_fit { widest } else { 0.0 };
        let top = 40.0 + 24.0 + if names_fit { head } else { 6.0 };
        let side = cell * n as f64;
        let headline = self.headline(title);
        // Of few classes the headline is the widest.
        let width = (left + side + 84.0).max(SIDE + text_width(&headline, Style::Title)) + SIDE;
        let mut svg = Svg::new(width, top + side + SIDE, title);
        svg.text((SIDE, 28.0), &headline, Style::Title, Anchor::Start);
        svg.text((left + side / 2.0, 56.0), "predicted class", Style::Label, Anchor::Middle);
        let beside = (SIDE + 2.0, top + side / 2.0);
        svg.turned_text(beside, "true class", Style::Label, Anchor::Middle, true);
        svg.rect([left, top, side, side], EMPTY, "viz-empty", None);
        self.draw_cells(&mut svg, (left, top), cell);
        if names_fit {
            svg.text((left + side + 76.0, top - 8.0), "error", Style::Label, Anchor::End);
            for (i, name) in names.iter().enumerate() {
                let middle = (i as f64 + 0.5) * cell;
                svg.text((left - 8.0, top + middle + 4.5), name, Style::Label, Anchor::End);
                let (at, anchor) = if upright {
                    ((left + middle + 4.5, top - 8.0), Anchor::Start)
                } else {
                    ((left + middle, top - 8.0), Anchor::Middle)
                };
                svg.turned_text(at, name, Style::Label, anchor, upright);
                let error = self.class_error(i).map_or("none".into(), percent);
                let beside = (left + side + 76.0, top + middle + 4.5);
                svg.text(beside, &error, Style::Label, Anchor::End);
            }
        }
        svg.finish()
    }

    fn headline(&self, title: &str) -> String {
        let total: u64 = self.counts.iter().sum();
        let total = grouped(&total.to_string());
        match self.error() {
            Some(error) => format!("{title}: {} wrong of {total}", percent(error)),
            None => format!("{title}: no samples"),
        }
    }

    fn draw_cells(&self, svg: &mut Svg, (left, top): (f64, f64), cell: f64) {
        let n = self.classes.len();
        let deepest = self.deepest.unwrap_or_else(|| self.largest_mistake()).max(1e-9);
        let gap = if cell > 12.0 { 1.0 } else { 0.0 };
        for (i, &count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (truth, predicted) = (i / n, i % n);
            let fill = self.shade(truth, predicted, deepest);
            let (x, y) = (left + predicted as f64 * cell, top + truth as f64 * cell);
            let hint =
                format!("{count} of true class {} predicted as {}", self.classes[truth], self.classes[predicted]);
            let inner = [x + gap / 2.0, y + gap / 2.0, cell - gap, cell - gap];
            svg.cell(inner, fill, (truth, predicted), &hint);
            let text = count.to_string();
            if text.len() as f64 * 8.0 <= cell {
                let style = match on(mix(EMPTY, fill.0, fill.1)) {
                    PAPER => Style::On(PAPER),
                    ink => Style::Within(ink),
                };
                let middle = (x + cell / 2.0, y + cell / 2.0 + 4.5);
                svg.text(middle, &text, style, Anchor::Middle);
            }
        }
    }
}

fn percent(fraction: f64) -> String {
    format!("{:.2}\u{a0}%", fraction * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|i| i.to_string()).collect()
    }

    #[test]
    fn errors_are_fractions_of_the_class_and_of_all() {
        let matrix = Confusion::new(names(3), vec![8, 2, 0, 1, 9, 0, 0, 0, 0]).unwrap();
        assert_eq!(matrix.class_error(0), Some(0.2));
        assert_eq!(matrix.class_error(2), None);
        assert_eq!(matrix.error(), Some(0.15));
        assert_eq!((matrix.count(1, 0), matrix.count(3, 0)), (1, 0));
    }

    #[test]
    fn the_drawing_has_a_cell_for_each_count_above_zero() {
        let matrix = Confusion::new(names(2), vec![5, 1, 0, 7]).unwrap();
        let drawing = matrix.draw("Test");
        assert_eq!(drawing.as_str().matches("viz-cell").count(), 3);
        assert!(drawing.as_str().contains("Test: 7.69\u{a0}% wrong of 13"));
        assert!(drawing.as_str().contains("1 of true class 0 predicted as 1"));
    }

    #[test]
    fn a_headline_wider_than_the_matrix_is_not_cut() {
        let drawing = Confusion::new(names(2), vec![900, 0, 0, 900]).unwrap().draw("Test set");
        let (_, rest) = drawing.as_str().split_once("width=\"").unwrap();
        let width: f64 = rest.split('"').next().unwrap().parse().unwrap();
        let headline = "Test set: 0.00 % wrong of 1 800";
        assert!(width >= SIDE + text_width(headline, Style::Title), "{width}");
    }

    /// Half of class 0 and a tenth of class 1 are wrong; blends of 246 with (190, 76, 0) by arithmetic.
    #[test]
    fn a_common_scale_makes_shares_comparable() {
        let matrix = Confusion::new(names(2), vec![5, 5, 1, 9]).unwrap();
        assert_eq!(matrix.largest_mistake(), 0.5);
        let colour = |matrix: &Confusion, row, column| matrix.squares(1).unwrap().at(row, column);
        assert_eq!(colour(&matrix, 0, 1), [190, 76, 0], "its own largest is deepest");
        // 0.15 + 0.85 sqrt(0.1 / 0.5) = 0.5301
        assert_eq!(colour(&matrix, 1, 0), [216, 156, 116]);
        // 0.15 + 0.85 sqrt(0.5) = 0.7510
        assert_eq!(colour(&matrix.on_scale(1.0), 0, 1), [204, 118, 61]);
    }

    #[test]
    fn empty_and_large_matrices_are_drawn_and_uneven_ones_refused() {
        let none = Confusion::new(names(2), vec![0; 4]).unwrap();
        assert!(none.draw("Test").as_str().contains("no samples"));
        let large = Confusion::new(names(200), vec![1; 40_000]).unwrap();
        assert_eq!(large.draw("Test").as_str().matches("viz-cell").count(), 40_000);
        let squares = large.squares(2).unwrap();
        assert_eq!((squares.height(), squares.width()), (400, 400));
        assert!(Confusion::new(names(2), vec![0; 3]).is_err());
        assert!(Confusion::new(vec![], vec![]).is_err());
    }
}
