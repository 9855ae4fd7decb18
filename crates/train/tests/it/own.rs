//! A program's own models in the loop: batch normalisation with its running statistics, averaged, saved and resumed with the
//! bits of the undisturbed run; what does not fit is told.

use crate::common::{data, recipe, stop_at};
use models::block::{BatchNorm, Block, Classifier, Conv, Linear, Pool, Residual, Sequential};
use models::{Activation, Arch, Mode, Model, Network, Tensors};
use tch::{Device, Kind, Tensor};
use train::{Learner, Plan, Printer, Recipe, RunFolder, fit};

fn network() -> Classifier {
    let body = Sequential::new()
        .named("conv", Conv::new(4, 3).padding(1).without_bias())
        .named("bn", BatchNorm::default())
        .then(Activation::Relu);
    let trunk = Sequential::new()
        .named("stem", Conv::new(4, 5))
        .then(Block::MaxPool(Pool::new(4)))
        .named("block", Sequential::new().then(Residual::new(body)))
        .then(Block::Dropout(0.1))
        .then(Block::Flatten);
    Classifier::new(trunk, "fc", Linear::new(10))
}

fn model() -> Model {
    Model::from_blocks("small", &network(), [1, 28, 28], Device::Cpu, 3).unwrap()
}

fn own_recipe(overrides: &[&str]) -> Recipe {
    let mut recipe = recipe(overrides);
    recipe.model = Arch::Own { name: "small".into() };
    recipe
}

#[test]
fn a_normalised_net_resumes_to_the_same_bits() {
    let recipe = own_recipe(&["average.decay=0.9", "epochs=2"]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let root = tempfile::tempdir().unwrap();
    let start = || Learner::with_model(&plan, &data, model()).unwrap();

    let mut whole = start();
    let whole_path = root.path().join("whole");
    fit(&plan, &data, &mut whole, &mut RunFolder::create(&whole_path, &recipe).unwrap()).unwrap();

    let parts_path = root.path().join("parts");
    let mut first = start();
    let mut folder = RunFolder::create(&parts_path, &recipe).unwrap();
    fit(&plan, &data, &mut first, &mut (&mut folder, &mut stop_at(17))).unwrap();
    drop((folder, first));
    let mut folder = RunFolder::open(&parts_path, &[]).unwrap();
    let (mut second, _) = folder.load_with(&plan, &data, model()).unwrap();
    assert_eq!(second.progress.iteration, 17);
    fit(&plan, &data, &mut second, &mut folder).unwrap();

    let names: Vec<String> = second.model.clone_values().into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"block.bn.running_mean".to_owned()), "{names:?}");
    assert!(whole.model.clone_values() == second.model.clone_values());
    for name in ["last/model.safetensors", "last/average.safetensors", "best/model.safetensors", "metrics.csv"] {
        let read = |path: &std::path::Path| std::fs::read(path.join(name)).unwrap();
        assert!(read(&whole_path) == read(&parts_path), "{name}");
    }
    let moved = whole.model.buffers().iter().find(|it| it.name == "block.bn.running_mean").unwrap();
    assert!(moved.tensor.abs().max().double_value(&[]) > 0.01, "its statistics moved");
}

#[test]
fn a_model_that_does_not_fit_is_told() {
    let named = own_recipe(&[]);
    let data = data(&named);
    let refused = |recipe: &Recipe, model: Model| {
        let plan = Plan::new(recipe, &data).unwrap();
        Learner::with_model(&plan, &data, model).err().unwrap().to_string()
    };
    let told = refused(&recipe(&[]), model());
    assert!(told.contains("[model] is of kind mlp") && told.contains("of kind own"), "{told}");
    let small = Model::from_blocks("small", &network(), [1, 20, 20], Device::Cpu, 3).unwrap();
    let told = refused(&named, small);
    assert!(told.contains("[1, 20, 20]") && told.contains("[1, 28, 28]"), "{told}");
    // Without the program there is no such network.
    let plan = Plan::new(&named, &data).unwrap();
    let told = Learner::new(&plan, &data, Device::Cpu).err().unwrap().to_string();
    assert!(told.contains("\"small\" was built by a program of its own"), "{told}");
}

/// A network of one matrix that cannot be had twice.
struct Single(Tensor);

impl Network for Single {
    fn forward(&self, images: &Tensor, _mode: Mode) -> Tensor {
        images.flatten(1, -1).matmul(&self.0.tr())
    }

    fn tensors(&self) -> Tensors {
        let tensor = self.0.shallow_clone();
        let weight = models::Parameter { name: "weight".into(), tensor, role: models::Role::Weight };
        Tensors { parameters: vec![weight], buffers: Vec::new() }
    }
}

#[test]
fn an_average_needs_a_network_that_can_be_had_twice() {
    let single = || {
        let weight = Tensor::zeros([10, 784], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        Model::own("small", Box::new(Single(weight)), [1, 28, 28], 10, Device::Cpu).unwrap()
    };
    let recipe = own_recipe(&["average.decay=0.9", "epochs=1"]);
    let data = data(&recipe);
    let told = Learner::with_model(&Plan::new(&recipe, &data).unwrap(), &data, single()).err().unwrap().to_string();
    assert!(told.contains("\"small\" cannot be had twice"), "{told}");

    let plain = own_recipe(&["epochs=1"]);
    let plan = Plan::new(&plain, &data).unwrap();
    let mut learner = Learner::with_model(&plan, &data, single()).unwrap();
    let mut lines = Vec::new();
    let outcome = fit(&plan, &data, &mut learner, &mut Printer::new(&mut lines)).unwrap();
    // A tenth is right by chance.
    assert!(outcome.best.unwrap().error < 0.8, "{outcome:?}");
    let lines = String::from_utf8(lines).unwrap();
    assert!(lines.starts_with("epoch 1/1  train loss ") && lines.trim_end().ends_with("best so far"), "{lines}");
}
