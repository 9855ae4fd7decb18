//! Optimisers whose state can be saved, penalties on weights, and learning-rate schedules.
//!
//! The crate exists because training that can stop and continue *with the same bits* needs three things to be values:
//! the update rule (a [`Rule`], named in a recipe), the rate (a [`Schedule`], a pure function of the step), and the
//! optimiser's memory (`Optimizer::state`, a list of named tensors). It knows no models, no data and no files.
//!
//! | part | items | needs libtorch |
//! | --- | --- | --- |
//! | schedules | [`Schedule`], [`Anneal`], [`Position`] | no |
//! | update rules as values | [`Rule`], [`SgdOptions`], [`AdamOptions`], [`AdamWOptions`], [`RmsPropOptions`] | no |
//! | penalties | [`Penalty`] (its tensor half with the feature) | no |
//! | what is allowed | [`range`], [`Error`] | no |
//! | the optimiser | `Optimizer`, `Parameter` | feature `tch` |
//! | gradient clipping | `clip_norm`, `clip_value` | feature `tch` |
//!
//! The feature `tch` is on by default. With `default-features = false` the rest builds in seconds, without libtorch.
//!
//! # In your own tch program
//!
//! [`Rule`], [`Schedule`] and [`Penalty`] implement serde's traits, so a configuration file can name them; each has
//! `check()`, which refuses values out of range. Here they are written out:
//!
#![cfg_attr(feature = "tch", doc = "```")]
#![cfg_attr(not(feature = "tch"), doc = "```ignore")]
//! use optim::{Optimizer, Parameter, Penalty, Position, Rule, Schedule, SgdOptions};
//! use tch::{Device, Kind, Tensor};
//!
//! # fn main() -> Result<(), optim::Error> {
//! // Four points on the line y = 2x - 1, and a line to fit.
//! let x = Tensor::from_slice(&[0f32, 1., 2., 3.]).view([4, 1]);
//! let y = &x * 2. - 1.;
//! let w = Tensor::zeros([1, 1], (Kind::Float, Device::Cpu)).set_requires_grad(true);
//! let b = Tensor::zeros([1], (Kind::Float, Device::Cpu)).set_requires_grad(true);
//!
//! // The optimiser shares the tensors with the model: `shallow_clone` copies no numbers.
//! let parameters = || vec![
//!     Parameter::weight("line.weight", w.shallow_clone()),
//!     Parameter::bias("line.bias", b.shallow_clone()),
//! ];
//! let rule = Rule::Sgd(SgdOptions { momentum: 0.9, ..SgdOptions::default() });
//! let mut optimizer = Optimizer::new(parameters(), &rule)?;
//! let schedule = Schedule::Cosine { final_fraction: 0.01, warm_up_epochs: 0.0 };
//! let penalty = Penalty { l1: 0.0, l2: 1e-6 };
//! schedule.check()?;
//! penalty.check()?;
//!
//! for step in 0..300 {
//!     let loss = x.linear(&w, Some(&b)).mse_loss(&y, tch::Reduction::Mean);
//!     let gradients = optimizer.gradients(&loss)?;        // new tensors: nothing to zero
//!     optimizer.add_penalty(&penalty, &gradients)?;       // on weights, not on biases
//!     optim::clip_norm(&gradients, 10.0)?;                // without waiting for the device
//!     let at = Position { step, steps_per_epoch: 1, total_steps: 300 };
//!     optimizer.apply(&gradients, schedule.rate(0.05, at))?;
//! }
//! assert!((w.double_value(&[0, 0]) - 2.0).abs() < 1e-3);
//! assert!((b.double_value(&[0]) + 1.0).abs() < 1e-3);
//!
//! // Save the state beside the parameters, load it later, and continue with the same bits.
//! let saved = optimizer.state()?;
//! assert_eq!(saved[0].0, "momentum.line.weight");
//! let mut resumed = Optimizer::new(parameters(), &rule)?;
//! resumed.load_state(&saved)?;
//! # Ok(())
//! # }
//! ```
//!
//! Those who prefer PyTorch's way of writing it use `zero_grad`, `loss.backward()`, [`Penalty`]'s `add_gradient` and
//! `step`, which read and write each tensor's `.grad`; that is also the way to accumulate several minibatches. It gives
//! the same parameters and costs two more passes over the gradients per step.
//!
//! # Errors
//!
//! Every fallible call returns [`Error`], whose message says what was wrong, where, and what is allowed. A value that is
//! not finite or out of range is refused where it enters, so that it cannot turn up as NaN a thousand steps later.

mod adam;
#[cfg(feature = "tch")]
mod clip;
mod error;
#[cfg(feature = "tch")]
mod optimizer;
#[cfg(feature = "tch")]
mod param_state;
#[cfg(feature = "tch")]
mod pass;
mod penalty;
pub mod range;
mod rmsprop;
mod rule;
mod schedule;
mod sgd;
#[cfg(feature = "tch")]
mod state;

pub use adam::{AdamOptions, AdamWOptions};
#[cfg(feature = "tch")]
pub use clip::{clip_norm, clip_value};
pub use error::Error;
#[cfg(feature = "tch")]
pub use optimizer::{Optimizer, Parameter};
pub use penalty::Penalty;
pub use rmsprop::RmsPropOptions;
pub use rule::Rule;
pub use schedule::{Anneal, Position, Schedule};
pub use sgd::SgdOptions;
