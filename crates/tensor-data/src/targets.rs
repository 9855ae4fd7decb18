//! What the pictures of a minibatch are to be taken for: one class each, or a mixture of two.

use tch::{Kind, Tensor};

/// The targets of a minibatch of m pictures, on its device.
#[derive(Debug)]
pub enum Targets {
    /// One class each, `i64 [m]`.
    Classes(Tensor),
    /// A mixture of two classes each, as mixup and cutmix make it.
    Mixed {
        /// The picture's own class, `i64 [m]`.
        a: Tensor,
        /// The class of the picture that was mixed in, `i64 [m]`.
        b: Tensor,
        /// Share of the own class, `f32 [m]`, 0 to 1; the rest is the other's.
        lambda: Tensor,
    },
}

impl Targets {
    /// The pictures' own classes, `i64 [m]`.
    pub fn own(&self) -> &Tensor {
        match self {
            Self::Classes(classes) => classes,
            Self::Mixed { a, .. } => a,
        }
    }

    /// Number of pictures, m.
    pub fn len(&self) -> usize {
        self.own().size()[0] as usize
    }

    /// Whether there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of `count` pictures from `start` on.
    pub(crate) fn narrow(&self, start: i64, count: i64) -> Targets {
        let part = |of: &Tensor| of.narrow(0, start, count);
        match self {
            Self::Classes(classes) => Self::Classes(part(classes)),
            Self::Mixed { a, b, lambda } => Self::Mixed { a: part(a), b: part(b), lambda: part(lambda) },
        }
    }

    /// The class with the greatest share of each picture, `i64 [m]`: its own where both have half.
    pub fn main(&self) -> Tensor {
        match self {
            Self::Classes(classes) => classes.shallow_clone(),
            Self::Mixed { a, b, lambda } => a.where_self(&lambda.ge(0.5), b),
        }
    }

    /// Probabilities of all classes, `f32 [m, classes]`.
    pub fn probabilities(&self, classes: i64) -> Tensor {
        let own = self.own();
        let device = own.device();
        let none = Tensor::zeros([own.size()[0], classes], (Kind::Float, device));
        match self {
            Self::Classes(own) => none.scatter_value(1, &own.unsqueeze(1), 1.0),
            Self::Mixed { a, b, lambda } => {
                let lambda = lambda.unsqueeze(1);
                none.scatter(1, &a.unsqueeze(1), &lambda).scatter_add(1, &b.unsqueeze(1), &(1.0 - &lambda))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_adds_up_and_its_main_class_has_the_greater_share() {
        let class = |classes: &[i64]| Tensor::from_slice(classes);
        let targets = Targets::Mixed {
            a: class(&[0, 2, 1]),
            b: class(&[1, 0, 1]),
            lambda: Tensor::from_slice(&[0.25f32, 0.5, 0.75]),
        };
        let expected = [0.25f32, 0.75, 0.0, 0.5, 0.0, 0.5, 0.0, 1.0, 0.0];
        assert_eq!(Vec::<f32>::try_from(targets.probabilities(3).flatten(0, -1)).unwrap(), expected);
        assert_eq!(Vec::<i64>::try_from(targets.main()).unwrap(), [1, 2, 1]);
        let plain = Targets::Classes(class(&[2, 0]));
        let expected = [0.0f32, 0.0, 1.0, 1.0, 0.0, 0.0];
        assert_eq!(Vec::<f32>::try_from(plain.probabilities(3).flatten(0, -1)).unwrap(), expected);
        assert_eq!((plain.len(), plain.is_empty()), (2, false));
    }
}
