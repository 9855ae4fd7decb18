//! A model: named tensors on one device and the function from images to logits. The tensors are owned here, without
//! `tch::nn`, whose default initial values and automatic names differ from PyTorch's.

mod forward;

use std::fmt;
use std::sync::Arc;

use tch::{Device, Kind, Tensor};
use torch_ext::Group;

use crate::block::Classifier;
use crate::network::Network;
use crate::node::Node;
use crate::plan::{Plan, plan};
use crate::role::Role;
use crate::shape::{product, shape_text};
use crate::tensors::{Buffer, Parameter, Tensors};
use crate::{Arch, Error, Summary, rewrite, zoo};

pub use forward::Features;

/// A classifier of pictures of one shape into a fixed number of classes.
#[derive(Debug)]
pub struct Model {
    arch: Arch,
    input: [i64; 3],
    classes: i64,
    device: Device,
    tensors: Tensors,
    body: Body,
    /// Whether all but the head stays as it is.
    frozen: bool,
    /// Whether batch normalisation takes and keeps the running statistics in training, too.
    keeps_statistics: bool,
    /// Processes whose pictures batch normalisation takes together with this one's.
    group: Option<Arc<Group>>,
    /// Whether answers are the mean of those to a picture and to its mirror image.
    answers_mirrored: bool,
}

/// What maps images to logits.
enum Body {
    /// A tree of blocks, and the trunk twice more, as this machine runs it.
    Tree(Box<Tree>),
    /// A program's own network.
    Own(Box<dyn Network>),
}

#[derive(Clone)]
struct Tree {
    /// As described: what summaries and questions about layers walk.
    trunk: Node,
    head: Node,
    /// Every layer's output can be looked at.
    plain: Node,
    /// The same function with all kernels used.
    fastest: Node,
}

impl Model {
    /// Builds a model with initial values drawn from `seed` (see [`Initial`](crate::Initial)): the same seed gives the
    /// same bits on every device. `input` is the pictures' `[channels, height, width]`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] where `arch.check()` fails, a size of the picture is below 1 or `classes` below 2;
    /// [`Error::PictureTooSmall`] and [`Error::TooLarge`]; [`Error::Own`] for an architecture that only a program has;
    /// [`Error::Libtorch`] where the device cannot be used.
    pub fn new(arch: &Arch, input: [i64; 3], classes: i64, device: Device, seed: u64) -> Result<Model, Error> {
        Model::build(arch.clone(), &zoo::network(arch, classes)?, input, device, seed)
    }

    /// Builds a model from blocks, as [`new`](Model::new) does from an architecture; `name` is what its checkpoints call it.
    ///
    /// # Errors
    /// Those of [`new`](Model::new), and [`Error::Block`] where parts do not fit one another.
    pub fn from_blocks(
        name: &str,
        network: &Classifier,
        input: [i64; 3],
        device: Device,
        seed: u64,
    ) -> Result<Model, Error> {
        Model::build(Arch::Own { name: name.to_owned() }, network, input, device, seed)
    }

    /// Makes a model of a program's own network, whose tensors lie on `device`; `name` is what its checkpoints call it.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for `classes` below 2, [`Error::Kind`] for a tensor that is not f32.
    pub fn own(
        name: &str,
        network: Box<dyn Network>,
        input: [i64; 3],
        classes: i64,
        device: Device,
    ) -> Result<Model, Error> {
        crate::plan::CLASSES.check(classes)?;
        let tensors = network.tensors();
        if let Some((name, tensor)) = tensors.named().find(|(_, tensor)| tensor.kind() != Kind::Float) {
            return Err(Error::Kind { name: name.to_owned(), found: format!("{:?}", tensor.kind()) });
        }
        let arch = Arch::Own { name: name.to_owned() };
        Ok(Model {
            arch,
            input,
            classes,
            device,
            tensors,
            body: Body::Own(network),
            frozen: false,
            keeps_statistics: false,
            group: None,
            answers_mirrored: false,
        })
    }

    fn build(arch: Arch, network: &Classifier, input: [i64; 3], device: Device, seed: u64) -> Result<Model, Error> {
        let Plan { trunk, head, parameters, buffers } = plan(network, input)?;
        let tensors = Tensors::create(&parameters, &buffers, device, seed)?;
        let (plain, fastest) = (rewrite::plain(&trunk, device), rewrite::fastest(&trunk, device));
        let body = Body::Tree(Box::new(Tree { trunk, head, plain, fastest }));
        Ok(Model {
            arch,
            input,
            classes: network.head.units,
            device,
            tensors,
            body,
            frozen: false,
            keeps_statistics: false,
            group: None,
            answers_mirrored: false,
        })
    }

    /// The same model with tensors of its own, of the same values.
    ///
    /// # Errors
    /// [`Error::NoTwin`] for a program's own network that has none; [`Error::Libtorch`] where memory runs out.
    pub fn twin(&self) -> Result<Model, Error> {
        let (body, tensors) = match &self.body {
            Body::Tree(tree) => (Body::Tree(tree.clone()), self.tensors.copied()?),
            Body::Own(network) => {
                let twin = network.twin().ok_or_else(|| Error::NoTwin { name: self.arch.name().to_owned() })?;
                let tensors = twin.tensors();
                (Body::Own(twin), tensors)
            }
        };
        let mut twin = Model {
            arch: self.arch.clone(),
            input: self.input,
            classes: self.classes,
            device: self.device,
            tensors,
            body,
            frozen: false,
            keeps_statistics: self.keeps_statistics,
            group: self.group.clone(),
            answers_mirrored: self.answers_mirrored,
        };
        if self.frozen {
            twin.freeze_trunk()?;
        }
        Ok(twin)
    }

    /// Keeps all but the head as it is from now on: its parameters take no gradient, its batch normalisation takes and keeps the
    /// running statistics, its dropout is off. What the head takes of an image is then the same at every step, so that it can
    /// be computed once ([`trunk_features`](Model::trunk_features)).
    ///
    /// # Errors
    /// [`Error::NoTrunk`] for a program's own network; [`Error::Libtorch`] where libtorch fails.
    pub fn freeze_trunk(&mut self) -> Result<(), Error> {
        self.set_frozen(true)
    }

    /// Takes [`freeze_trunk`](Model::freeze_trunk) back: everything trains.
    ///
    /// # Errors
    /// Those of [`freeze_trunk`](Model::freeze_trunk).
    pub fn thaw_trunk(&mut self) -> Result<(), Error> {
        self.set_frozen(false)
    }

    fn set_frozen(&mut self, frozen: bool) -> Result<(), Error> {
        let Body::Tree(tree) = &self.body else { return Err(Error::NoTrunk { name: self.arch.name().to_owned() }) };
        for place in tree.trunk.parameters() {
            let parameter = &mut self.tensors.parameters[place];
            let set = parameter.tensor.f_set_requires_grad(!frozen); // a leaf, of which that may change
            let _ = set.map_err(Error::libtorch(format!("freeze or thaw {}", parameter.name)))?;
        }
        self.frozen = frozen;
        Ok(())
    }

    /// Whether all but the head stays as it is ([`freeze_trunk`](Model::freeze_trunk)).
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Lets batch normalisation take and keep its running statistics from now on, in training as in evaluation; its scale and
    /// shift train on. Where minibatches are small or few, statistics of a large data set serve better than their own.
    ///
    /// # Errors
    /// [`Error::NoStatistics`] for a network without batch normalisation, a program's own among them.
    pub fn freeze_statistics(&mut self) -> Result<(), Error> {
        if self.nodes().is_none_or(|nodes| !nodes.into_iter().any(Node::has_batch_norm)) {
            return Err(Error::NoStatistics { name: self.arch.name().to_owned() });
        }
        self.keeps_statistics = true;
        Ok(())
    }

    /// Lets batch normalisation, in training, go by the pictures of all processes of `group`, each of which trains on a share of the
    /// minibatch: see [`Group::batch_norm`] for what their losses have to be. A program's own network normalises by itself and is
    /// left as it is.
    pub fn normalise_across(&mut self, group: Arc<Group>) {
        self.group = Some(group);
    }

    /// Lets the model answer, in [`Mode::Eval`](crate::Mode::Eval), with the mean of its logits for a picture and for the same picture
    /// mirrored left to right, or take that back. It costs two passes; training is as before.
    pub fn set_answers_mirrored(&mut self, mirrored: bool) {
        self.answers_mirrored = mirrored;
    }

    /// Whether answers are the mean of two views ([`set_answers_mirrored`](Model::set_answers_mirrored)).
    pub fn answers_mirrored(&self) -> bool {
        self.answers_mirrored
    }

    /// The parameters that training moves, in the order of [`parameters`](Model::parameters).
    pub fn trainable(&self) -> impl Iterator<Item = &Parameter> {
        self.tensors.parameters.iter().filter(|parameter| parameter.tensor.requires_grad())
    }

    /// Trunk and head as they were described; `None` of a program's own network.
    pub(crate) fn nodes(&self) -> Option<[&Node; 2]> {
        match &self.body {
            Body::Own(_) => None,
            Body::Tree(tree) => Some([&tree.trunk, &tree.head]),
        }
    }

    /// All tensors.
    pub(crate) fn tensors(&self) -> &Tensors {
        &self.tensors
    }

    /// All but the head; `None` of a program's own network.
    pub(crate) fn trunk_node(&self) -> Option<&Node> {
        match &self.body {
            Body::Own(_) => None,
            Body::Tree(tree) => Some(&tree.trunk),
        }
    }

    /// Names of the head's tensors; none of a program's own network.
    pub(crate) fn head_names(&self) -> Vec<String> {
        match &self.body {
            Body::Own(_) => Vec::new(),
            Body::Tree(tree) => {
                tree.head.parameters().into_iter().map(|place| self.tensors.parameters[place].name.clone()).collect()
            }
        }
    }

    /// The layers, first to last; none of a program's own network.
    pub(crate) fn layers(&self) -> Vec<&Node> {
        match &self.body {
            Body::Own(_) => Vec::new(),
            Body::Tree(tree) => [&tree.trunk, &tree.head].into_iter().flat_map(Node::layers).collect(),
        }
    }

    /// All variables in the order of the layers, each weight followed by its bias.
    pub fn parameters(&self) -> &[Parameter] {
        &self.tensors.parameters
    }

    /// Running statistics and whatever else takes no gradient, in the order of the layers.
    pub fn buffers(&self) -> &[Buffer] {
        &self.tensors.buffers
    }

    /// The parameter of that name, for instance `conv1.weight`.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.tensors.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Weight matrices and filters, as shallow clones: what a penalty sees, never biases.
    pub fn weights(&self) -> Vec<Tensor> {
        let weights = self.parameters().iter().filter(|parameter| parameter.role == Role::Weight);
        weights.map(|parameter| parameter.tensor.shallow_clone()).collect()
    }

    /// Names and tensors, parameters and then buffers, as shallow clones: they share memory and gradient with the model.
    pub fn named_tensors(&self) -> Vec<(String, Tensor)> {
        self.tensors.named().map(|(name, tensor)| (name.to_owned(), tensor.shallow_clone())).collect()
    }

    /// Names and values as they are now, parameters and then buffers, copied on the model's device and cut off from autograd;
    /// the model's later changes do not touch them. [`load_values`](Model::load_values) puts them back.
    pub fn clone_values(&self) -> Vec<(String, Tensor)> {
        self.tensors.named().map(|(name, tensor)| (name.to_owned(), tensor.detach().copy())).collect()
    }

    /// Copies values into the model's parameters and buffers, from any device and in any order. Either all are copied or, on
    /// an error in the names, shapes or types, none.
    ///
    /// # Errors
    /// [`Error::Names`] unless each tensor is given exactly once and nothing else is; [`Error::Shape`] and
    /// [`Error::Kind`] for the first that differs from the model's; [`Error::Libtorch`] where copying fails.
    pub fn load_values(&self, values: &[(String, Tensor)]) -> Result<(), Error> {
        self.tensors.load(values)
    }

    /// Checks that [`forward`](Model::forward) takes these images, for callers whose images come from outside. A frozen model
    /// takes what [`trunk_features`](Model::trunk_features) gave, too.
    ///
    /// # Errors
    /// [`Error::Images`] unless they are f32 `[n, channels, height, width]` with the model's sizes, `n` at least 1,
    /// on the model's device.
    pub fn check_images(&self, images: &Tensor) -> Result<(), Error> {
        let shape = images.size();
        let is_features = || self.frozen && self.trunk_node().is_some_and(|it| shape[1..] == [it.output[0], 1, 1]);
        let fits = shape.len() == 4 && shape[0] >= 1 && (shape[1..] == self.input || is_features());
        if fits && images.kind() == Kind::Float && images.device() == self.device {
            return Ok(());
        }
        let [channels, height, width] = self.input;
        Err(Error::Images {
            expected: format!("(n, {channels}, {height}, {width}), Float, on {:?}", self.device),
            found: format!("{}, {:?}, on {:?}", shape_text(&shape), images.kind(), images.device()),
        })
    }

    /// Layers, shapes, parameters and multiply-adds; of a program's own network one row with its parameters.
    pub fn summary(&self) -> Summary {
        match &self.body {
            Body::Own(_) => Summary::whole(self.arch.name(), self.classes, self.parameters()),
            Body::Tree(_) => {
                Summary::of(&self.layers(), |place| product(&self.tensors.parameters[place].tensor.size()))
            }
        }
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

    /// Whether [`forward`](Model::forward) in [`Mode::Train`](crate::Mode::Train) draws from libtorch's global generator (dropout); a
    /// caller that wants repeatable passes seeds it with `tch::manual_seed`.
    pub fn uses_randomness(&self) -> bool {
        match &self.body {
            Body::Own(network) => network.uses_randomness(),
            Body::Tree(tree) => !self.frozen && tree.trunk.uses_randomness(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Tree(tree) => f.debug_struct("Tree").field("trunk", &tree.trunk).field("head", &tree.head).finish(),
            Body::Own(_) => f.write_str("Own"),
        }
    }
}
