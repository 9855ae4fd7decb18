//! Layers with few outputs against autograd in f64, value by value, on every instruction set: exactly where the numbers
//! are whole, within rounding where they are not; and what zeros and values that are not finite come to.

use crate::common::{FLOAT, assert_equal, assert_within_rounding, double, outcomes, sizes, whole};
use tch::{Kind, Tensor};
use torch_ext::{Isa, linear};

/// Pictures, features, outputs.
const SHAPES: [[i64; 3]; 14] = [
    [1, 1, 1],
    [1, 785, 16],
    [2, 15, 1],
    [3, 17, 16],
    [4, 16, 10],
    [5, 33, 11],
    [7, 785, 7],
    [17, 783, 10],
    [31, 1, 16],
    [33, 500, 10],
    [63, 15, 3],
    [65, 31, 15],
    [129, 785, 1],
    [257, 47, 13],
];

const NAMES: [&str; 4] = ["output", "gradient of pictures", "gradient of weights", "gradient of bias"];

fn ours(leaves: &[Tensor], isa: Isa) -> Tensor {
    linear(&leaves[0], &leaves[1], &leaves[2], isa).unwrap()
}

fn theirs(leaves: &[Tensor]) -> Tensor {
    leaves[0].linear(&leaves[1], Some(&leaves[2]))
}

/// The same numbers as in f64, forward and backward, on every instruction set.
fn check_exactly(leaves: &[Tensor; 3], direction: &Tensor, what: &str) {
    let expected = outcomes(&double(leaves), &direction.to_kind(Kind::Double), theirs);
    for isa in Isa::available() {
        let found = outcomes(leaves, direction, |leaves| ours(leaves, isa));
        for ((name, found), expected) in NAMES.iter().zip(&found).zip(&expected) {
            assert_equal(found, expected, &format!("{name}, {what}, {isa}"));
        }
    }
}

fn whole_leaves([pictures, features, outputs]: [i64; 3]) -> ([Tensor; 3], Tensor) {
    tch::manual_seed(31);
    let leaves = [whole(&[pictures, features], 9), whole(&[outputs, features], 9), whole(&[outputs], 9)];
    (leaves, whole(&[pictures, outputs], 9))
}

#[test]
fn whole_numbers_give_exactly_what_f64_gives_forward_and_backward() {
    for shape in SHAPES {
        let (leaves, direction) = whole_leaves(shape);
        check_exactly(&leaves, &direction, &format!("{shape:?}"));
    }
}

#[test]
fn any_numbers_agree_with_f64_within_rounding_forward_and_backward() {
    for shape in SHAPES {
        let [pictures, features, outputs] = shape;
        tch::manual_seed(37);
        let draw = |shape: &[i64]| Tensor::randn(shape, FLOAT);
        let leaves = [draw(&[pictures, features]), draw(&[outputs, features]), draw(&[outputs])];
        let direction = draw(&[pictures, outputs]);
        let wide = direction.to_kind(Kind::Double);
        let expected = outcomes(&double(&leaves), &wide, theirs);
        let sizes = outcomes(&sizes(&leaves), &wide.abs(), theirs);
        let terms = [features + 1, outputs, pictures, pictures];
        for isa in Isa::available() {
            let found = outcomes(&leaves, &direction, |leaves| ours(leaves, isa));
            for (((name, found), expected), (sizes, terms)) in
                NAMES.iter().zip(&found).zip(&expected).zip(sizes.iter().zip(terms))
            {
                assert_within_rounding(found, expected, sizes, terms, &format!("{name}, {shape:?}, {isa}"));
            }
        }
    }
}

/// Pictures as MNIST's: all zero but for a part.
#[test]
fn zeros_in_single_places_rows_columns_and_blocks_change_nothing_of_the_rest() {
    for shape in [[1, 785, 10], [33, 784, 10], [65, 79, 16], [7, 15, 1], [257, 784, 3]] {
        let [pictures, features, _] = shape;
        let (leaves, direction) = whole_leaves(shape);
        let kept = |size: i64, first: i64, last: i64| {
            let places = Tensor::arange(size, FLOAT);
            places.ge(first as f64).logical_and(&places.lt(last as f64)).to_kind(Kind::Float)
        };
        let rows = |first, last| kept(pictures, first, last).unsqueeze(1);
        let columns = |first, last| kept(features, first, last).unsqueeze(0);
        let scattered = |chance: f64| Tensor::rand([pictures, features], FLOAT).lt(chance).to_kind(Kind::Float);
        let masks = [
            ("nothing kept", rows(0, 0) * columns(0, 0)),
            ("one value kept", rows(pictures - 1, pictures) * columns(features / 2, features / 2 + 1)),
            ("a block kept", rows(pictures / 3, pictures) * columns(features / 3, features / 2)),
            ("a stripe kept", columns(5, features - 3)),
            ("some pictures kept", rows(0, pictures / 2)),
            ("one in five kept", scattered(0.2)),
            ("one in a hundred kept", scattered(0.01)),
            ("all but one in a hundred kept", scattered(0.99)),
        ];
        for (what, mask) in masks {
            let [pixels, weight, bias] = &leaves;
            let pixels = pixels * mask; // where a negative value was, a negative zero
            let negative = pixels.where_self(&pixels.ne(0.0), &Tensor::full_like(&pixels, -0.0));
            for (zeros, pixels) in [("zeros", pixels), ("negative zeros", negative)] {
                let leaves = [pixels, weight.shallow_clone(), bias.shallow_clone()];
                check_exactly(&leaves, &direction, &format!("{shape:?}, {what}, {zeros}"));
            }
        }
    }
}

#[test]
fn what_is_not_finite_meets_zeros_as_in_libtorch() {
    // 0 times infinity and 0 times NaN are NaN, whichever of the factors is the zero.
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for (shape, value) in
        [[9, 785, 10], [33, 15, 16], [1, 17, 1]].into_iter().flat_map(|s| [(s, inf), (s, -inf), (s, nan)])
    {
        let [pictures, features, outputs] = shape;
        let odd = |like: &Tensor, row: i64, column: i64| {
            let changed = like.copy();
            let _ = changed.get(row).get(column).fill_(value);
            changed
        };
        let ([pixels, weight, bias], direction) = whole_leaves(shape);
        let zeros = |like: &Tensor| like.zeros_like();
        let (p, f, o) = (pictures - 1, features - 1, outputs - 1);
        let cases = [
            ("pixels among weights", odd(&pixels, p, f), weight.copy(), direction.copy()),
            ("pixels among zeros", odd(&zeros(&pixels), 0, 0), zeros(&weight), zeros(&direction)),
            ("weights among zeros", zeros(&pixels), odd(&weight, o, f), direction.copy()),
            ("gradients among zeros", zeros(&pixels), weight.copy(), odd(&direction, p, o)),
        ];
        for (what, pixels, weight, direction) in cases {
            let leaves = [pixels, weight, bias.copy()];
            check_exactly(&leaves, &direction, &format!("{shape:?}, {value} in {what}"));
        }
    }
}

#[test]
fn pictures_weights_and_gradients_may_lie_in_memory_as_they_like() {
    for [pictures, features, outputs] in [[17, 785, 10], [1, 15, 16], [65, 17, 1]] {
        tch::manual_seed(41);
        let every_other = |shape: &[i64]| whole(shape, 9).slice(0, 0, None, 2);
        let leaves = [
            whole(&[features, pictures], 9).tr(),
            whole(&[features, 2 * outputs], 9).slice(1, 0, None, 2).tr(),
            every_other(&[2 * outputs]),
        ];
        check_exactly(&leaves, &whole(&[outputs, pictures], 9).tr(), "transposed");
        let leaves = [
            every_other(&[2 * pictures, features]),
            whole(&[outputs, features + 3], 9).narrow(1, 3, features),
            whole(&[1], 9).expand([outputs], false),
        ];
        check_exactly(&leaves, &whole(&[1, 1], 9).expand([pictures, outputs], false), "strided and repeated");
    }
}

#[test]
fn values_in_a_shorter_dtype_are_refused_and_not_taken_for_f32() {
    for short in 0..3 {
        let mut leaves = [&[4, 8][..], &[3, 8], &[3]].map(|shape| Tensor::zeros(shape, FLOAT));
        leaves[short] = leaves[short].to_kind(Kind::BFloat16);
        let message = linear(&leaves[0], &leaves[1], &leaves[2], Isa::best()).unwrap_err().to_string();
        assert!(message.contains("expected Float on the CPU, found BFloat16"), "{message}");
    }
}
