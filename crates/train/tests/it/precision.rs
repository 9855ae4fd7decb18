//! One step of training in each precision against autograd in f64: whatever mixture of our kernels, libtorch's and
//! autocast computes it, the parameters move by the gradient.

use models::Arch;
use tch::{Device, Kind, Tensor};
use tensor_data::{Dataset, Source, glyphs};
use train::{Learner, Plan, Recipe, fit};

/// Weights and biases in the order of the layers, as small f32 without a pattern. Not from libtorch's generator: one
/// generator serves the process, and other tests drop units by it.
fn values(learner: &Learner) -> Vec<(String, Tensor)> {
    let random = |(name, old): (String, Tensor)| {
        let scale = 12f64.sqrt() / (old.size()[1..].iter().product::<i64>() as f64).sqrt();
        let places = Tensor::arange(old.numel() as i64, (Kind::Double, Device::Cpu));
        let uniform = ((places * 12.9898 + 59.0).sin() * 43_758.545_3).frac().abs() - 0.5; // [-0.5, 0.5)
        (name, (uniform * scale).to_kind(Kind::Float).view_as(&old))
    };
    learner.model.clone_values().into_iter().map(random).collect()
}

/// The logits, of libtorch's layers.
fn reference(is_lenet: bool, variables: &[Tensor], images: &Tensor) -> Tensor {
    let mut layers = variables.chunks_exact(2);
    let mut x = images.shallow_clone();
    if is_lenet {
        for layer in layers.by_ref().take(2) {
            let maps = x.conv2d(&layer[0], Some(&layer[1]), [1, 1], [0, 0], [1, 1], 1);
            x = maps.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false).tanh();
        }
    }
    x = x.flatten(1, -1);
    while let Some(layer) = layers.next() {
        x = x.linear(&layer[0], Some(&layer[1]));
        x = if layers.len() > 0 { x.tanh() } else { x };
    }
    x
}

#[test]
fn a_step_moves_the_parameters_by_the_gradient_of_f64_to_the_bits_of_its_precision() {
    // bf16 holds 8 bits, f16 11; at most four roundings meet in a gradient. Sums of f32 come much closer.
    for (precision, allowed) in [("f32", 4e-6), ("bf16", 4.0 / 256.0), ("f16", 4.0 / 2048.0)] {
        for model in ["softmax", "mlp", "lenet"] {
            let text = format!(
                "epochs = 1\nlearning_rate = 1.0\nprecision = \"{precision}\"\n\
                 data = {{ set = \"glyphs\", validation = 33, divisor = 256 }}\n\
                 minibatch = {{ size = 17, order = \"stored\" }}\nmodel = {{ kind = \"{model}\" }}\n\
                 optimizer = {{ kind = \"sgd\" }}\nlimits = {{ iterations = 1 }}\n"
            );
            let recipe = Recipe::parse(&text, "the test's recipe", &[]).unwrap();
            let (train, test) = (glyphs::draw(101, 3).unwrap(), glyphs::draw(10, 4).unwrap());
            let source = Source::new("glyphs", train, test);
            let holdout = recipe.data.holdout(recipe.seed);
            let data = Dataset::upload(&source, holdout, 1.0 / 256.0, recipe.data.storage, Device::Cpu).unwrap();
            let plan = Plan::new(&recipe, &data).unwrap();
            let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
            learner.model.load_values(&values(&learner)).unwrap();
            let before = learner.model.clone_values();
            let is_lenet = matches!(learner.model.arch(), Arch::LeNet { .. });

            let wide = |tensor: &Tensor| tensor.to_kind(Kind::Double);
            let leaves: Vec<Tensor> = before.iter().map(|(_, it)| wide(it).set_requires_grad(true)).collect();
            let batch = plan.minibatches(&data.train, 0, 0).unwrap().next().unwrap();
            let logits = reference(is_lenet, &leaves, &wide(&batch.images));
            let loss = logits.cross_entropy_for_logits(batch.labels());
            let gradients = Tensor::run_backward(&[loss], &leaves, false, false);

            fit(&plan, &data, &mut learner, &mut ()).unwrap();
            for (((name, before), (_, after)), expected) in
                before.iter().zip(learner.model.named_tensors()).zip(&gradients)
            {
                let moved = wide(before) - wide(&after.detach());
                let largest = expected.abs().max().double_value(&[]);
                let off = (moved - expected).abs().max().double_value(&[]) / largest;
                // A parameter of size 1 that moves by `largest` is itself rounded to 2^-24.
                let stored = 4.0 / f64::from(1 << 24) / largest;
                assert!(off <= allowed + stored, "{name} of {model} in {precision}: off by {off:.1e} of the largest");
            }
        }
    }
}
