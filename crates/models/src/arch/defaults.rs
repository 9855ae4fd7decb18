//! What keys that are left out mean: the published sizes.

pub(super) fn cifar_depth() -> i64 {
    20
}

pub(super) fn wide_depth() -> i64 {
    16
}

pub(super) fn wide_width() -> i64 {
    4
}

pub(super) fn mixer_width() -> i64 {
    256
}

pub(super) fn mixer_depth() -> i64 {
    8
}

pub(super) fn mixer_kernel() -> i64 {
    5
}

pub(super) fn mixer_patch() -> i64 {
    2
}

pub(super) fn vit_patch() -> i64 {
    16
}

pub(super) fn mlp_hidden() -> Vec<i64> {
    vec![500]
}

pub(super) fn lenet_filters() -> [i64; 2] {
    [20, 50]
}

pub(super) fn lenet_kernel() -> i64 {
    5
}

pub(super) fn lenet_hidden() -> i64 {
    500
}

pub(super) fn lenet_ignore_border() -> bool {
    true
}
