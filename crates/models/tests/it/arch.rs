//! What recipes may say about a model, what is refused and how.

use models::{Activation, Arch, Initial, Model};
use tch::Device;

const MNIST: [i64; 3] = [1, 28, 28];

fn lenet(filters: [i64; 2], kernel: i64, hidden: i64, ignore_border: bool) -> Arch {
    let (activation, initial) = (Activation::Tanh, Initial::ByActivation);
    Arch::LeNet { filters, kernel, hidden, activation, initial, dropout: 0.0, ignore_border }
}

fn mlp(hidden: &[i64], dropout: f64) -> Arch {
    let (activation, initial) = (Activation::Tanh, Initial::ByActivation);
    Arch::Mlp { hidden: hidden.to_vec(), activation, initial, dropout }
}

fn refusal(arch: &Arch, input: [i64; 3], classes: i64) -> String {
    Model::new(arch, input, classes, Device::Cpu, 1).unwrap_err().to_string()
}

#[test]
fn keys_left_out_take_the_published_values() {
    for (text, expected) in [
        ("kind = 'softmax'", Arch::Softmax),
        ("kind = 'mlp'", mlp(&[500], 0.0)),
        ("kind = 'lenet'", lenet([20, 50], 5, 500, true)),
        ("kind = 'mlp'\nhidden = [300, 100]\ndropout = 0.5", mlp(&[300, 100], 0.5)),
    ] {
        assert_eq!(toml::from_str::<Arch>(text).unwrap(), expected, "{text}");
    }
    assert_eq!(Arch::mlp(), mlp(&[500], 0.0));
    assert_eq!(Arch::lenet(), lenet([20, 50], 5, 500, true));
}

#[test]
fn every_key_survives_writing_and_reading() {
    let (activation, initial) = (Activation::Relu, Initial::FanIn);
    let (filters, kernel, hidden, dropout, ignore_border) = ([3, 4], 3, 6, 0.25, false);
    for arch in [
        Arch::Softmax,
        Arch::Mlp { hidden: vec![3, 2], activation, initial, dropout },
        Arch::LeNet { filters, kernel, hidden, activation, initial, dropout, ignore_border },
    ] {
        let text = toml::to_string(&arch).unwrap();
        assert!(text.contains(&format!("kind = \"{}\"", arch.kind())), "{text}");
        assert_eq!(toml::from_str::<Arch>(&text).unwrap(), arch, "{text}");
    }
}

#[test]
fn unknown_keys_and_names_are_refused() {
    for (text, mention) in [
        ("kind = 'softmax'\nhidden = [500]", "unknown field `hidden`"),
        ("kind = 'mlp'\nfilters = [20, 50]", "unknown field `filters`"),
        ("kind = 'lenet'\nignore_boarder = true", "unknown field `ignore_boarder`"),
        ("kind = 'resnext'", "unknown variant `resnext`"),
        ("kind = 'mlp'\nactivation = 'swish'", "unknown variant `swish`"),
        ("kind = 'mlp'\ninitial = 'glorot'", "unknown variant `glorot`"),
        ("kind = 'lenet'\nfilters = [20]", "length"),
        ("hidden = [500]", "kind"),
    ] {
        let message = toml::from_str::<Arch>(text).unwrap_err().to_string();
        assert!(message.contains(mention), "{text}: {message}");
    }
}

#[test]
fn values_out_of_range_are_named_with_their_range() {
    for (arch, input, classes, expected) in [
        (mlp(&[500, 0], 0.0), MNIST, 10, "model: `hidden[1]` is 0, but must be a whole number from 1 to 10^9"),
        (
            lenet([20, -3], 5, 500, true),
            MNIST,
            10,
            "model: `filters[1]` is -3, but must be a whole number from 1 to 10^9",
        ),
        (lenet([20, 50], 0, 500, true), MNIST, 10, "model: `kernel` is 0, but must be a whole number from 1 to 10^9"),
        (lenet([20, 50], 5, 0, true), MNIST, 10, "model: `hidden` is 0, but must be a whole number from 1 to 10^9"),
        (mlp(&[500], 1.0), MNIST, 10, "model: `dropout` is 1, but must be at least 0 and below 1"),
        (mlp(&[500], -0.1), MNIST, 10, "model: `dropout` is -0.1, but must be at least 0 and below 1"),
        (mlp(&[500], f64::NAN), MNIST, 10, "model: `dropout` is NaN, but must be at least 0 and below 1"),
        (Arch::Softmax, MNIST, 1, "model: `number of classes` is 1, but must be a whole number from 2 to 2^63 - 1"),
        (
            Arch::Softmax,
            [0, 28, 28],
            10,
            "model: `picture channels` is 0, but must be a whole number from 1 to 2^63 - 1",
        ),
        (
            Arch::Softmax,
            [1, 28, i64::MIN],
            10,
            "model: `picture width` is -9223372036854775808, but must be a whole number from 1 to 2^63 - 1",
        ),
    ] {
        assert_eq!(refusal(&arch, input, classes), expected);
    }
    assert!(refusal(&mlp(&[], 0.0), MNIST, 10).contains("kind = \"softmax\""));
}

#[test]
fn a_picture_too_small_is_refused_with_the_sizes_at_every_layer() {
    let message = refusal(&Arch::lenet(), [3, 15, 20], 10);
    assert_eq!(
        message,
        "model: a picture of (3, 15, 20) is too small: sizes are picture (3, 15, 20), \
         conv1 (20, 11, 16), pool1 (20, 5, 8), conv2 (50, 1, 4), and nothing is left for pool2; use pictures of at \
         least 16x16, or smaller filters"
    );
    assert!(refusal(&Arch::lenet(), [1, 4, 4], 10).contains("nothing is left for conv1;"));
    assert!(refusal(&lenet([20, 50], 29, 500, true), MNIST, 10).contains("nothing is left for conv1;"));
}

#[test]
fn the_smallest_picture_named_is_the_smallest_that_works() {
    for kernel in 1..=6 {
        for (ignore_border, needed) in [(true, 3 * kernel + 1), (false, 3 * kernel - 2)] {
            let arch = lenet([2, 3], kernel, 4, ignore_border);
            let model = Model::new(&arch, [1, needed, needed], 10, Device::Cpu, 1).unwrap();
            let images = tch::Tensor::zeros([2, 1, needed, needed], (tch::Kind::Float, Device::Cpu));
            assert_eq!(model.forward(&images, models::Mode::Eval).size(), [2, 10]);
            if needed > 1 {
                let message = refusal(&arch, [1, needed - 1, needed], 10);
                assert!(message.contains(&format!("at least {needed}x{needed}")), "{message}");
            }
        }
    }
}

#[test]
fn absurd_sizes_are_refused_before_anything_is_allocated() {
    const LARGEST: i64 = 1_000_000_000;
    assert!(refusal(&mlp(&[i64::MAX], 0.0), MNIST, 10).contains("`hidden[0]` is 9223372036854775807"));
    for (arch, input, layer) in [
        (mlp(&[LARGEST], 0.0), MNIST, "hidden1"),
        (mlp(&[10, LARGEST], 0.0), MNIST, "hidden2"),
        (lenet([LARGEST, LARGEST], 5, 500, true), MNIST, "conv1"),
        (lenet([20, 50], 5, LARGEST, true), MNIST, "hidden1"),
        (lenet([20, 50], LARGEST, 500, true), MNIST, "conv1"),
        (Arch::Softmax, [i64::MAX, i64::MAX, i64::MAX], "output"),
        (Arch::lenet(), [1, i64::MAX, i64::MAX], "hidden1"),
    ] {
        let message = refusal(&arch, input, 10);
        assert!(message.starts_with(&format!("model: {layer} brings the model to more than")), "{message}");
    }
}

#[test]
fn a_device_that_is_not_there_is_an_error_of_one_line() {
    let message = Model::new(&Arch::Softmax, MNIST, 10, Device::Cuda(99), 1).unwrap_err().to_string();
    assert!(message.starts_with("libtorch could not put output.weight on Cuda(99): "), "{message}");
    assert!(!message.contains('\n'), "{message}");
}
