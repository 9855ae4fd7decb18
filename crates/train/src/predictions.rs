//! What a model says of every picture of a split: the classes and their probabilities, on the host.

use crate::error::Error;
use metrics::{Answers, Confusion};
use models::{Mode, Model};
use tch::{Device, Kind, TchError, Tensor};
use tensor_data::{Order, Split, Tail};

/// A model's answers for the pictures of a split, in stored order.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    classes: usize,
    labels: Vec<usize>,
    predicted: Vec<usize>,
    probabilities: Vec<f32>,
    logits: Vec<f32>,
}

/// Classifies the pictures of `split` in minibatches of `size`; with [`Tail::Drop`] those of an incomplete last
/// minibatch are left out, as [`evaluate`](crate::evaluate()) does. The predicted class is that of the largest logit,
/// and the probabilities are the softmax of the logits.
///
/// # Errors
/// A size that gives no minibatch, pictures that the model does not take, or a failure of libtorch.
pub fn predictions(model: &Model, split: &Split, size: usize, tail: Tail) -> Result<Predictions, Error> {
    let _guard = tch::no_grad_guard();
    let mut all = Predictions {
        classes: model.classes() as usize,
        labels: Vec::new(),
        predicted: Vec::new(),
        probabilities: Vec::new(),
        logits: Vec::new(),
    };
    for batch in split.batches(size, Order::Stored, tail)? {
        model.check_images(&batch.images)?;
        let logits = model.forward(&batch.images, Mode::Eval); // [m, classes]
        all.take_in(&logits, batch.labels()).map_err(Error::torch("read predictions"))?;
    }
    Ok(all)
}

impl Predictions {
    fn take_in(&mut self, logits: &Tensor, labels: &Tensor) -> Result<(), TchError> {
        let softmax = logits.f_softmax(1, Kind::Float)?.f_reshape([-1])?; // [m * classes]
        self.probabilities.extend(numbers::<f32>(&softmax)?);
        self.logits.extend(numbers::<f32>(&logits.f_to_kind(Kind::Float)?.f_reshape([-1])?)?);
        let predicted = numbers::<i64>(&logits.f_argmax(1, false)?)?; // [m]
        self.predicted.extend(predicted.into_iter().map(|class| class as usize));
        self.labels.extend(numbers::<i64>(labels)?.into_iter().map(|class| class as usize));
        Ok(())
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// True classes, one for each picture.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// Predicted classes, one for each picture.
    pub fn predicted(&self) -> &[usize] {
        &self.predicted
    }

    /// Probabilities of all classes for one picture, which add up to 1; `picture` is below [`len`](Self::len).
    pub fn probabilities(&self, picture: usize) -> &[f32] {
        &self.probabilities[picture * self.classes..][..self.classes]
    }

    /// Probability of the predicted class; `picture` is below [`len`](Self::len).
    pub fn confidence(&self, picture: usize) -> f32 {
        self.probabilities(picture)[self.predicted[picture]]
    }

    /// Counts by true and predicted class.
    ///
    /// # Errors
    /// A label that is not among the model's classes.
    pub fn confusion(&self) -> Result<Confusion, Error> {
        let pairs = self.labels.iter().copied().zip(self.predicted.iter().copied());
        Confusion::count_pairs(self.classes, pairs).map_err(Error::Metrics)
    }

    /// Logits and labels, from which all other figures follow.
    ///
    /// # Errors
    /// [`Error::Metrics`] for logits that are not finite and for a label that is not among the model's classes.
    pub fn answers(&self) -> Result<Answers, Error> {
        let logits = self.logits.iter().map(|&logit| f64::from(logit)).collect();
        Answers::new(self.classes, logits, self.labels.clone()).map_err(Error::Metrics)
    }
}

fn numbers<T: tch::kind::Element + Copy + Default>(tensor: &Tensor) -> Result<Vec<T>, TchError> {
    let host = tensor.f_to_device(Device::Cpu)?.f_contiguous()?;
    let mut numbers = vec![T::default(); host.numel()];
    let count = numbers.len();
    host.f_copy_data(&mut numbers, count)?;
    Ok(numbers)
}
