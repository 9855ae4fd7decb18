//! A model: named variables on one device and the function from images to logits. The variables are owned here,
//! without `tch::nn`, whose default initial values and automatic names differ from PyTorch's.

use tch::{Device, Kind, Tensor};
use torch_ext::Isa;

use crate::layer::{Layer, Op, POOL, Weight, layers};
use crate::parameter::{self, Parameter, Role};
use crate::summary::shape_text;
use crate::{Activation, Arch, Error, Summary, fused};

/// A classifier of pictures of one shape into a fixed number of classes.
#[derive(Debug)]
pub struct Model {
    arch: Arch,
    input: [i64; 3],
    classes: i64,
    device: Device,
    layers: Vec<Layer>,
    /// Weight and bias of each layer that has them, in the order of the layers.
    parameters: Vec<Parameter>,
    /// How many of the first layers `fused` takes at once.
    fused: usize,
}

/// Whether a pass serves training or evaluation; they differ only in dropout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Hidden units are dropped at random.
    Train,
    /// Nothing is random.
    Eval,
}

impl Model {
    /// Builds a model with initial values drawn from `seed` (see [`Initial`](crate::Initial)): the same seed gives the
    /// same bits on every device. `input` is the pictures' `[channels, height, width]`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] where `arch.check()` fails, a size of the picture is below 1 or `classes` below 2;
    /// [`Error::PictureTooSmall`] and [`Error::TooLarge`]; [`Error::Libtorch`] where the device cannot be used.
    pub fn new(arch: &Arch, input: [i64; 3], classes: i64, device: Device, seed: u64) -> Result<Model, Error> {
        let layers = layers(arch, input, classes)?;
        let parameters = parameter::create(&layers, device, seed)?;
        let fused = fused::reach(device, &layers);
        Ok(Model { arch: arch.clone(), input, classes, device, layers, parameters, fused })
    }

    /// Logits of images: f32 `[n, channels, height, width]` on the model's device to f32 `[n, classes]`. Softmax of
    /// a row gives the probabilities.
    ///
    /// In [`Mode::Train`] dropout draws from libtorch's global generator, which the caller seeds; see
    /// [`uses_randomness`](Model::uses_randomness).
    ///
    /// # Panics
    /// Where [`check_images`](Model::check_images) would give an error.
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        let (w, b) = self.output_layer(); // [classes, features], [classes]
        self.connect(&self.features(images, mode), w, b) // [n, classes]
    }

    /// What the output layer takes of images: f32 `[n, channels, height, width]` to `[n, features]`, for callers that
    /// go on by themselves with [`output_layer`](Model::output_layer). As [`forward`](Model::forward) otherwise.
    ///
    /// # Panics
    /// Where [`check_images`](Model::check_images) would give an error.
    pub fn features(&self, images: &Tensor, mode: Mode) -> Tensor {
        let before_output = self.layers.len() - 1; // `layers` always ends with the output layer
        if self.fused > 0
            && let Ok(features) = fused::features(self, images, self.fused)
        {
            let layers = &self.layers[self.fused..before_output];
            return self.run_layers(layers, features, mode, |_, _| {}).flatten(1, -1); // [n, features]
        }
        // Also where the images do not fit, so that libtorch says so.
        self.run(&self.layers[..before_output], images, mode, |_, _| {}).flatten(1, -1) // [n, features]
    }

    /// Weight `[classes, features]` and bias `[classes]` of the output layer, which has no activation.
    pub fn output_layer(&self) -> (&Tensor, &Tensor) {
        let first = self.parameters.len() - 2; // the output layer's two come last
        (&self.parameters[first].tensor, &self.parameters[first + 1].tensor)
    }

    /// The output of every layer for the same images in [`Mode::Eval`], by layer name, first to last: of `conv1` the
    /// maps before pooling, f32 `[n, maps, height, width]`; of `pool1` the pooled maps after the activation; of
    /// `hidden1` the units after the activation, `[n, units]`; of `output` the logits.
    ///
    /// # Panics
    /// Where [`check_images`](Model::check_images) would give an error.
    pub fn activations(&self, images: &Tensor) -> Vec<(String, Tensor)> {
        let mut outputs = Vec::with_capacity(self.layers.len());
        let _ = self.run(&self.layers, images, Mode::Eval, |layer, output| {
            outputs.push((layer.to_owned(), output.contiguous()))
        });
        outputs
    }

    /// Names, kinds and sizes of the layers, first to last.
    pub(crate) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The output of the last of `layers`, which begin with the model's first; `visit` sees each one's output on the
    /// way, as part of autograd's graph.
    pub(crate) fn run(
        &self,
        layers: &[Layer],
        images: &Tensor,
        mode: Mode,
        visit: impl FnMut(&str, &Tensor),
    ) -> Tensor {
        let mut x = images.shallow_clone(); // [n, c, h, w]
        if self.device == Device::Cpu && layers.iter().any(Layer::is_convolution) {
            x = channels_last(&x); // [n, c, h, w]
        }
        self.run_layers(layers, x, mode, visit)
    }

    fn run_layers(&self, layers: &[Layer], input: Tensor, mode: Mode, mut visit: impl FnMut(&str, &Tensor)) -> Tensor {
        let mut x = input; // [n, c, h, w]
        for layer in layers {
            x = match &layer.op {
                Op::Convolve(weight) => self.convolve(&x, weight), // [n, maps, h - k + 1, w - k + 1]
                Op::Pool { ignore_border, activation } => pool(&x, *ignore_border, *activation), // [n, maps, h/2, w/2]
                Op::Connect { weight, activation, dropout } => {
                    let (w, b) = self.variables(weight); // [units, features], [units]
                    let sums = self.connect(&x.flatten(1, -1), w, b); // [n, units]
                    let units = activation.map_or_else(|| sums.shallow_clone(), |f| f.apply(&sums)); // [n, units]
                    drop_out(units, *dropout, mode) // [n, units]
                }
            };
            visit(&layer.name, &x);
        }
        x // [n, classes]
    }

    /// The published model adds the bias after pooling. Adding it here is the same, since a constant does not move a
    /// maximum: max(x + b) = max(x) + b.
    fn convolve(&self, x: &Tensor, weight: &Weight) -> Tensor {
        let (w, b) = self.variables(weight); // [maps, c, k, k], [maps]
        x.conv2d(w, Some(b), [1, 1], [0, 0], [1, 1], 1) // [n, c, h, w] to [n, maps, h - k + 1, w - k + 1]
    }

    fn connect(&self, x: &Tensor, w: &Tensor, b: &Tensor) -> Tensor {
        if self.device == Device::Cpu
            && b.size()[0] <= torch_ext::FEW_OUTPUTS
            && let Ok(sums) = torch_ext::linear(x, w, b, Isa::best())
        {
            return sums; // [n, units]
        }
        x.linear(w, Some(b)) // [n, units]
    }

    pub(crate) fn variables(&self, weight: &Weight) -> (&Tensor, &Tensor) {
        let first = 2 * weight.number;
        (&self.parameters[first].tensor, &self.parameters[first + 1].tensor)
    }

    /// All variables in the order of the layers, each weight followed by its bias.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The parameter of that name, for instance `conv1.weight`.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        parameter::find(&self.parameters, name)
    }

    /// Weight matrices and filters, as shallow clones: what a penalty sees, never biases.
    pub fn weights(&self) -> Vec<Tensor> {
        let weights = self.parameters.iter().filter(|parameter| parameter.role == Role::Weight);
        weights.map(|parameter| parameter.tensor.shallow_clone()).collect()
    }

    /// Names and variables, as shallow clones: they share memory and gradient with the model.
    pub fn named_parameters(&self) -> Vec<(String, Tensor)> {
        self.parameters.iter().map(|parameter| (parameter.name.clone(), parameter.tensor.shallow_clone())).collect()
    }

    /// Names and values as they are now, copied on the model's device and cut off from autograd; the model's later
    /// changes do not touch them. [`load_parameters`](Model::load_parameters) puts them back.
    pub fn clone_values(&self) -> Vec<(String, Tensor)> {
        self.parameters.iter().map(|parameter| (parameter.name.clone(), parameter.tensor.detach().copy())).collect()
    }

    /// Copies values into the model's variables, from any device and in any order. Either all are copied or, on an
    /// error in the names, shapes or types, none.
    ///
    /// # Errors
    /// [`Error::Names`] unless each parameter is given exactly once and nothing else is; [`Error::Shape`] and
    /// [`Error::Kind`] for the first that differs from the model's; [`Error::Libtorch`] where copying fails.
    pub fn load_parameters(&self, values: &[(String, Tensor)]) -> Result<(), Error> {
        parameter::load(&self.parameters, values)
    }

    /// Checks that [`forward`](Model::forward) takes these images, for callers whose images come from outside.
    ///
    /// # Errors
    /// [`Error::Images`] unless they are f32 `[n, channels, height, width]` with the model's sizes, `n` at least 1,
    /// on the model's device.
    pub fn check_images(&self, images: &Tensor) -> Result<(), Error> {
        let shape = images.size();
        let fits = shape.len() == 4 && shape[0] >= 1 && shape[1..] == self.input;
        if fits && images.kind() == Kind::Float && images.device() == self.device {
            return Ok(());
        }
        let [channels, height, width] = self.input;
        Err(Error::Images {
            expected: format!("(n, {channels}, {height}, {width}), Float, on {:?}", self.device),
            found: format!("{}, {:?}, on {:?}", shape_text(&shape), images.kind(), images.device()),
        })
    }

    /// Layers, shapes, parameters and multiply-adds.
    pub fn summary(&self) -> Summary {
        Summary::of(&self.layers)
    }

    /// The architecture the model was built from.
    pub fn arch(&self) -> &Arch {
        &self.arch
    }

    /// Channels, height and width of the pictures it takes.
    pub fn input(&self) -> [i64; 3] {
        self.input
    }

    /// Number of classes.
    pub fn classes(&self) -> i64 {
        self.classes
    }

    /// Where its variables lie.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Whether [`forward`](Model::forward) in [`Mode::Train`] draws from libtorch's global generator (dropout); a
    /// caller that wants repeatable passes seeds it with `tch::manual_seed`.
    pub fn uses_randomness(&self) -> bool {
        self.arch.dropout() > 0.0
    }
}

fn pool(x: &Tensor, ignore_border: bool, activation: Activation) -> Tensor {
    let pooled = x.max_pool2d([POOL, POOL], [POOL, POOL], [0, 0], [1, 1], !ignore_border); // [n, maps, h/2, w/2]
    activation.apply(&pooled) // [n, maps, h/2, w/2]
}

fn drop_out(units: Tensor, chance: f64, mode: Mode) -> Tensor {
    if mode == Mode::Eval || chance == 0.0 {
        return units; // [n, units]
    }
    units.dropout(chance, true) // [n, units]
}

/// The same images with the values of all channels of a pixel side by side in memory. The feature maps take over that
/// layout, in which libtorch's convolution and above all its pooling are faster on CPUs. With one channel nothing is
/// moved, but the strides must say so, since libtorch judges the layout by them.
fn channels_last(images: &Tensor) -> Tensor {
    let shape = images.size(); // n, c, h, w
    let pixels = images.permute([0, 2, 3, 1]).contiguous(); // [n, h, w, c]
    let strides: [i64; 4] = [shape[1..].iter().product(), 1, shape[3] * shape[1], shape[1]];
    pixels.as_strided(&shape, strides, None) // [n, c, h, w]
}
