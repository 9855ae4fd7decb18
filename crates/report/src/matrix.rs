//! The confusion matrix of a run as a page shows it: a drawing of a few classes, a picture of many in an order that puts together
//! what is confused, and in either case the pairs that are confused most.

use crate::curves::inline;
use crate::error::Error;
use crate::tested::Tested;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// Up to so many classes a cell has room for its number.
const DRAWN: usize = 30;
/// Width of a picture of many classes, about, in pixels.
const WIDTH: usize = 720;
const PAIRS: usize = 12;

/// A matrix.
pub struct Matrix {
    pub view: View,
    pub counts: Counts,
    /// The pairs that are confused most often, the most frequent first.
    pub pairs: Vec<Pair>,
}

/// How it is drawn without scripts.
pub enum View {
    Drawn(String),
    /// A PNG as a data URI, and its side in pixels.
    Squares {
        uri: String,
        side: usize,
    },
}

/// Counts for the page's scripts.
#[derive(Serialize)]
pub struct Counts {
    pub classes: Vec<String>,
    /// Pictures of each true class.
    pub totals: Vec<u64>,
    /// True class, predicted class, pictures; those above 0.
    pub cells: Vec<(usize, usize, u64)>,
    /// The classes in the order in which they stand.
    pub order: Vec<usize>,
    /// The share of a class with the deepest colour, for all runs of the page.
    pub deepest: f64,
}

/// A true class that was taken for another.
pub struct Pair {
    pub truth: String,
    pub predicted: String,
    pub classes: (usize, usize),
    pub count: u64,
    /// Of the pictures of the true class.
    pub share: f64,
}

/// The scale of all matrices of a page: the largest share of a class that one of them gives another class.
pub fn deepest<'a>(tests: impl Iterator<Item = &'a Tested>) -> Result<f64, Error> {
    tests
        .map(|tested| Ok(drawing(tested, None)?.largest_mistake()))
        .try_fold(0.0, |deepest: f64, largest: Result<f64, Error>| Ok(deepest.max(largest?)))
}

fn drawing(tested: &Tested, order: Option<&[usize]>) -> Result<viz::Confusion, Error> {
    let Some(order) = order else {
        return Ok(viz::Confusion::new(tested.names.clone(), tested.confusion.counts().to_vec())?);
    };
    let counts = order.iter().flat_map(|&truth| order.iter().map(move |&other| tested.confusion.count(truth, other)));
    Ok(viz::Confusion::new(order.iter().map(|&class| tested.names[class].clone()).collect(), counts.collect())?)
}

impl Matrix {
    /// Draws the matrix of a test on the page's scale.
    pub fn draw(tested: &Tested, deepest: f64) -> Result<Matrix, Error> {
        let classes = tested.confusion.classes();
        let order = if classes > DRAWN { tested.confusion.similarity_order() } else { (0..classes).collect() };
        let drawing = drawing(tested, Some(&order))?.on_scale(deepest);
        let view = if classes > DRAWN {
            let side = (WIDTH / classes).max(1);
            let file = drawing.squares(side)?.png()?;
            View::Squares { uri: format!("data:image/png;base64,{}", STANDARD.encode(file)), side: side * classes }
        } else {
            View::Drawn(inline(&drawing.draw("Test set")))
        };
        let (confusion, names) = (&tested.confusion, &tested.names);
        let totals: Vec<u64> = confusion.rows().iter().map(|row| row.iter().sum()).collect();
        let all = (0..classes).flat_map(|truth| (0..classes).map(move |other| (truth, other)));
        let cells: Vec<_> = all.map(|(a, b)| (a, b, confusion.count(a, b))).filter(|cell| cell.2 > 0).collect();
        let mut mistakes: Vec<_> = cells.iter().copied().filter(|(truth, predicted, _)| truth != predicted).collect();
        mistakes.sort_by_key(|&(truth, predicted, count)| (std::cmp::Reverse(count), truth, predicted));
        let pair = |&(truth, predicted, count): &(usize, usize, u64)| Pair {
            truth: names[truth].clone(),
            predicted: names[predicted].clone(),
            classes: (truth, predicted),
            count,
            share: count as f64 / totals[truth] as f64,
        };
        Ok(Matrix {
            view,
            pairs: mistakes.iter().take(PAIRS).map(pair).collect(),
            counts: Counts { classes: names.clone(), totals, cells, order, deepest },
        })
    }
}
