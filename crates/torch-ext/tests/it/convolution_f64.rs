//! The fused convolution against autograd in f64, value by value, on every instruction set: exactly where the numbers are
//! whole, so that f32 rounds nothing, and within rounding where they are not.

use crate::common::{FLOAT, assert_equal, assert_within_rounding, double, outcomes, sizes, whole};
use tch::{Kind, Tensor};
use torch_ext::Isa;
use torch_ext::convolution::{convolve_pool, pack, unpack};

/// Pictures, channels, height, width, maps, kernel: odd sizes, a single one of everything, LeNet's layers.
const SHAPES: [[i64; 6]; 12] = [
    [1, 1, 1, 1, 1, 1],
    [1, 1, 2, 2, 1, 1],
    [17, 1, 29, 27, 20, 5],
    [33, 20, 13, 11, 50, 5],
    [17, 3, 9, 15, 5, 3],
    [1, 7, 7, 7, 1, 7],
    [15, 2, 19, 8, 3, 7],
    [31, 5, 5, 5, 4, 3],
    [7, 1, 6, 31, 2, 5],
    [65, 2, 11, 11, 11, 3],
    [9, 17, 3, 4, 6, 1],
    [257, 1, 12, 13, 3, 3],
];

/// Convolution and pooling, ours; the leaves are pictures, filters and bias.
fn ours(leaves: &[Tensor], keep_border: bool, isa: Isa) -> Tensor {
    let maps = convolve_pool(&pack(&leaves[0], isa).unwrap(), &leaves[1], &leaves[2], keep_border, isa).unwrap();
    unpack(&maps, leaves[0].size()[0], isa).unwrap()
}

fn convolution(leaves: &[Tensor]) -> Tensor {
    leaves[0].conv2d(&leaves[1], Some(&leaves[2]), [1, 1], [0, 0], [1, 1], 1)
}

/// Which value of each feature map wins each window, counted along the map.
fn winners(leaves: &[Tensor], keep_border: bool) -> Tensor {
    convolution(leaves).max_pool2d_with_indices([2, 2], [2, 2], [0, 0], [1, 1], keep_border).1
}

/// Convolution, of which the values at `winners` are kept; with libtorch's winners that is max-pooling.
fn at_winners(leaves: &[Tensor], winners: &Tensor) -> Tensor {
    convolution(leaves).flatten(2, -1).gather(2, &winners.flatten(2, -1), false).view_as(winners)
}

/// Each shape with and without its border where something is left of it; `test` gets leaves and a direction whose values
/// `draw` gives.
fn for_every_shape(draw: impl Fn(&[i64]) -> Tensor, test: impl Fn(&[Tensor], &Tensor, &Tensor, bool, &str)) {
    for (shape, keep_border) in SHAPES.iter().flat_map(|shape| [(shape, false), (shape, true)]) {
        let &[pictures, channels, height, width, maps, kernel] = shape;
        if !keep_border && (height.min(width) - kernel + 1) / 2 == 0 {
            continue;
        }
        tch::manual_seed(23);
        let shapes: [&[i64]; 3] = [&[pictures, channels, height, width], &[maps, channels, kernel, kernel], &[maps]];
        let leaves = shapes.map(&draw);
        let winners = winners(&double(&leaves), keep_border);
        let direction = draw(&winners.size());
        test(&leaves, &direction, &winners, keep_border, &format!("{shape:?}, border {keep_border}"));
    }
}

const NAMES: [&str; 4] = ["output", "gradient of pictures", "gradient of filters", "gradient of bias"];

#[test]
fn whole_numbers_give_exactly_what_f64_gives_forward_and_backward() {
    // Sums stay below 2^24, up to which f32 holds every whole number; windows with equal values are many.
    for_every_shape(
        |shape| whole(shape, 3),
        |leaves, direction, _, keep_border, what| {
            let expected = outcomes(&double(leaves), &direction.to_kind(Kind::Double), |leaves| {
                convolution(leaves).max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], keep_border)
            });
            for isa in Isa::available() {
                let found = outcomes(leaves, direction, |leaves| ours(leaves, keep_border, isa));
                for ((name, found), expected) in NAMES.iter().zip(&found).zip(&expected) {
                    assert_equal(found, expected, &format!("{name}, {what}, {isa}"));
                }
            }
        },
    );
}

/// The seed leaves no window whose greatest values lie so close together that rounding could choose another of them.
#[test]
fn any_numbers_agree_with_f64_within_rounding_forward_and_backward() {
    for_every_shape(
        |shape| Tensor::randn(shape, FLOAT),
        |leaves, direction, winners, keep_border, what| {
            let wide = direction.to_kind(Kind::Double);
            let expected = outcomes(&double(leaves), &wide, |leaves| at_winners(leaves, winners));
            let sizes = outcomes(&sizes(leaves), &wide.abs(), |leaves| at_winners(leaves, winners));
            let (filters, positions) = (leaves[1].size(), winners.numel() as i64 / leaves[1].size()[0]);
            let [maps, channels, kernel, _] = filters[..] else { unreachable!("filters have four dimensions") };
            let area = kernel * kernel;
            // Products in each sum, and one for the bias or for adding up the lanes.
            let terms = [channels * area + 1, maps * area + 1, positions + 1, positions + 1];
            for isa in Isa::available() {
                let found = outcomes(leaves, direction, |leaves| ours(leaves, keep_border, isa));
                for (((name, found), expected), (sizes, terms)) in
                    NAMES.iter().zip(&found).zip(&expected).zip(sizes.iter().zip(terms))
                {
                    assert_within_rounding(found, expected, sizes, terms, &format!("{name}, {what}, {isa}"));
                }
            }
        },
    );
}

#[test]
fn pictures_filters_and_gradients_may_lie_in_memory_as_they_like() {
    tch::manual_seed(29);
    let (pictures, filters, bias) = (whole(&[17, 11, 3, 9], 3), whole(&[3, 3, 3, 5], 3), whole(&[10], 3));
    // [17, 3, 9, 11] and [5, 3, 3, 3] as views with other strides; every other value of the bias.
    let leaves = [pictures.permute([0, 2, 3, 1]), filters.permute([3, 0, 1, 2]), bias.slice(0, 0, None, 2)];
    let transposed = whole(&[4, 17, 3, 5], 2).permute([1, 3, 2, 0]);
    for direction in [transposed, whole(&[1, 5, 1, 1], 2).expand([17, 5, 3, 4], false)] {
        let expected = outcomes(&double(&leaves), &direction.to_kind(Kind::Double), |leaves| {
            convolution(leaves).max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
        });
        for isa in Isa::available() {
            let found = outcomes(&leaves, &direction, |leaves| ours(leaves, false, isa));
            for ((name, found), expected) in NAMES.iter().zip(&found).zip(&expected) {
                assert_equal(found, expected, &format!("{name}, {isa}"));
            }
        }
    }
}

#[test]
fn values_in_a_shorter_dtype_are_refused_and_not_taken_for_f32() {
    let isa = Isa::best();
    let short = |shape: &[i64]| Tensor::zeros(shape, FLOAT).to_kind(Kind::BFloat16);
    let (images, weight, bias) = ([2, 1, 8, 8], [4, 1, 5, 5], [4]);
    let packed = pack(&Tensor::zeros(images, FLOAT), isa).unwrap();
    let (w, b) = (Tensor::zeros(weight, FLOAT), Tensor::zeros(bias, FLOAT));
    let refused = [
        pack(&short(&images), isa),
        convolve_pool(&packed.to_kind(Kind::BFloat16), &w, &b, false, isa),
        convolve_pool(&packed, &short(&weight), &b, false, isa),
        convolve_pool(&packed, &w, &short(&bias), false, isa),
        unpack(&packed.to_kind(Kind::BFloat16), 2, isa),
    ];
    for refused in refused {
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("expected Float on the CPU, found BFloat16"), "{message}");
    }
}
