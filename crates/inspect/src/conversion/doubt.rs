//! Signs that a picture is none that the model can answer. It is answered all the same, with a warning.

use super::ink::Ink;

/// Strokes of ink cover less of a picture than this; a thick digit that fills it covers a quarter.
const COVERED: f32 = 0.45;
/// Pieces of ink besides the digit; a page has a few specks, a photograph of the world has hundreds.
const PIECES: usize = 40;
/// A digit is more than this share of all the ink.
const SHARE: f32 = 0.5;
/// A stroke is no wider than this share of its length.
const BLOT: f32 = 0.45;
/// Below this the model itself gives no class half of the probability.
const UNSURE: f64 = 0.5;

/// What the ink says against a picture of one digit.
pub fn of_ink(ink: &Ink) -> Option<String> {
    let choice = &ink.choice;
    let left_out = choice.specks + choice.others;
    let length = ink.plane.longer_side() as f32;
    let mut doubts = Vec::new();
    if ink.covered > COVERED {
        doubts.push(format!("ink covers {:.0} % of the picture", ink.covered * 100.0));
    }
    if left_out > PIECES {
        doubts.push(format!("{left_out} pieces all over the picture, more like a photograph than a digit on a page"));
    } else if choice.rivals > 0 {
        let count = match choice.rivals + 1 {
            2 => "two".to_owned(),
            3 => "three".to_owned(),
            more => more.to_string(),
        };
        doubts.push(format!("{count} separate pieces of ink of similar size"));
    } else if choice.share < SHARE {
        doubts.push("most of the ink is left out".to_owned());
    }
    if ink.stroke > BLOT * length {
        doubts.push("the ink is a blot rather than strokes".to_owned());
    }
    joined(doubts)
}

/// What the model's own probabilities say.
pub fn of_answer(probabilities: &[f64]) -> Option<String> {
    let most = probabilities.iter().copied().fold(0.0, f64::max);
    (most < UNSURE).then(|| "the model is unsure: no class has half of the probability".to_owned())
}

/// Several doubts in one line.
pub fn joined(doubts: impl IntoIterator<Item = String>) -> Option<String> {
    let doubts: Vec<String> = doubts.into_iter().collect();
    (!doubts.is_empty()).then(|| doubts.join("; "))
}
