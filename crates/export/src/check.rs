//! Whether an exported model gives the answers of the one that it was made from, picture by picture.

use models::{Mode, Model};
use tch::{Kind, Tensor};

use crate::{Description, Error};

/// How far logits and probabilities of an exported f32 model may lie from ours.
pub const TOLERANCE: f64 = 1e-4;
/// Pictures that are answered at once, and the values they may have together: a bound on memory.
const AT_ONCE: usize = 32;
const MOST_VALUES: usize = 1 << 22;

/// What a model says of some pictures, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// `[pictures, classes]`.
    pub logits: Vec<f32>,
    /// `[pictures, classes]`.
    pub probabilities: Vec<f32>,
}

/// Whatever answers pictures.
pub trait Answering {
    /// The answers to pictures of `shape`, `[channels, height, width]`: bytes in the order (picture, channel, row, column).
    ///
    /// # Errors
    /// Where it cannot be computed.
    fn answer(&mut self, pixels: &[u8], shape: [i64; 3]) -> Result<Answers, Error>;
}

/// How an exported model's answers differ from the original's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Check {
    /// Pictures that both answered.
    pub pictures: usize,
    /// Largest difference of a logit.
    pub logits: f64,
    /// Largest difference of a probability.
    pub probabilities: f64,
    /// Pictures whose most probable class is the same.
    pub same: usize,
}

impl Check {
    /// Answers all pictures with both and compares; `pixels` as for [`Answering::answer`].
    ///
    /// # Errors
    /// Those of both.
    pub fn of(
        original: &mut dyn Answering,
        exported: &mut dyn Answering,
        pixels: &[u8],
        description: &Description,
    ) -> Result<Check, Error> {
        let size = description.input.iter().product::<i64>().max(1) as usize;
        let classes = description.classes.len().max(1);
        let mut check = Check::default();
        for part in pixels.chunks(size * (MOST_VALUES / size).clamp(1, AT_ONCE)) {
            let ours = original.answer(part, description.input)?;
            let theirs = exported.answer(part, description.input)?;
            check.logits = check.logits.max(largest_difference(&ours.logits, &theirs.logits));
            check.probabilities =
                check.probabilities.max(largest_difference(&ours.probabilities, &theirs.probabilities));
            let pairs = ours.logits.chunks(classes).zip(theirs.logits.chunks(classes));
            check.same += pairs.filter(|(a, b)| most_probable(a) == most_probable(b)).count();
            check.pictures += part.len() / size;
        }
        Ok(check)
    }

    /// Whether logits and probabilities lie within [`TOLERANCE`], and every picture has the same class.
    pub fn is_equal(&self) -> bool {
        self.logits <= TOLERANCE && self.probabilities <= TOLERANCE && self.same == self.pictures
    }
}

/// Infinite where one has no number or another count.
fn largest_difference(a: &[f32], b: &[f32]) -> f64 {
    if a.len() != b.len() {
        return f64::INFINITY;
    }
    let apart = a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs()));
    apart.fold(0.0, |most, apart| if apart.is_nan() { f64::INFINITY } else { most.max(apart) })
}

fn most_probable(row: &[f32]) -> Option<usize> {
    row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0))).map(|(class, _)| class)
}

/// The model itself, as `predict` and `eval` use it.
#[derive(Debug)]
pub struct Original<'a> {
    /// The network.
    pub model: &'a Model,
    /// Its pixels and temperature.
    pub description: &'a Description,
}

impl Answering for Original<'_> {
    fn answer(&mut self, pixels: &[u8], [channels, height, width]: [i64; 3]) -> Result<Answers, Error> {
        let _guard = tch::no_grad_guard();
        let images = Tensor::from_slice(pixels).view([-1, channels, height, width]).to_device(self.model.device());
        let preparation = self.description.preparation(self.model.device());
        let logits = self.model.forward(&preparation.apply(&images), Mode::Eval); // [n, classes]
        answers(&logits, &self.description.probabilities(&logits))
    }
}

/// Tensors `[n, classes]` as rows.
pub(crate) fn answers(logits: &Tensor, probabilities: &Tensor) -> Result<Answers, Error> {
    let row = |x: &Tensor| {
        Vec::<f32>::try_from(x.to_kind(Kind::Float).flatten(0, -1)).map_err(Error::libtorch("read answers"))
    };
    Ok(Answers { logits: row(logits)?, probabilities: row(probabilities)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use models::Arch;

    struct Fixed(Answers);

    impl Answering for Fixed {
        fn answer(&mut self, _: &[u8], _: [i64; 3]) -> Result<Answers, Error> {
            Ok(self.0.clone())
        }
    }

    fn description() -> Description {
        Description {
            input: [1, 1, 1],
            pixels: crate::Pixels::U8,
            classes: vec!["a".into(), "b".into()],
            divisor: 255.0,
            normalise: None,
            temperature: 1.0,
            resizing: String::new(),
            mirrored: false,
            network: Arch::Softmax.name().to_owned(),
            data_set: String::new(),
        }
    }

    #[test]
    fn differences_and_other_classes_are_counted() {
        let answers = |logits: [f32; 4]| Fixed(Answers { logits: logits.to_vec(), probabilities: vec![0.5; 4] });
        let check = |a, b| Check::of(&mut answers(a), &mut answers(b), &[0, 0], &description()).unwrap();
        let same = check([1.0, 2.0, 3.0, 1.0], [1.0, 2.0, 3.0, 1.00005]);
        assert!(
            same.is_equal() && same.pictures == 2 && same.same == 2 && (same.logits - 5e-5).abs() < 1e-6,
            "{same:?}"
        );
        let other = check([1.0, 2.0, 3.0, 1.0], [2.5, 2.0, 3.0, 1.0]);
        assert!(!other.is_equal() && other.same == 1 && other.logits == 1.5, "{other:?}");
        assert!(!check([1.0, 2.0, 3.0, 1.0], [f32::NAN, 2.0, 3.0, 1.0]).is_equal());
        // Within the tolerance, but the class is another.
        assert!(!check([1.0, 1.00001, 3.0, 1.0], [1.00002, 1.0, 3.0, 1.0]).is_equal());
    }
}
