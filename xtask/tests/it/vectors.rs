//! The same training on processors with AVX-512, with AVX2 and with neither, as far as this one can pretend.

use crate::runs::{Place, finish};
use std::process::Command;

/// What `default`, `avx2` or `avx512` sets, for libtorch's kernels and ours, and for the libraries that libtorch calls.
fn limited(mut command: Command, set: &str) -> Command {
    let (onednn, mkl) = match set {
        "default" => ("SSE41", "SSE4_2"),
        "avx2" => ("AVX2", "AVX2"),
        _ => ("DEFAULT", "AVX512"),
    };
    command.env("ATEN_CPU_CAPABILITY", set).env("ONEDNN_MAX_CPU_ISA", onednn).env("MKL_ENABLE_INSTRUCTIONS", mkl);
    command
}

/// The instruction sets that this processor has, by libtorch's names, and what the runner says it uses of them.
fn sets(place: &Place) -> Vec<(&'static str, String)> {
    let here = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let has = |flag: &str| here.split_whitespace().any(|word| word == flag);
    let sets = [("default", true), ("avx2", has("avx2") && has("fma")), ("avx512", has("avx512bw") && has("avx512dq"))];
    let used = |set| {
        let done = finish(&mut limited(place.minibatch("probe --json"), set));
        let probe: serde_json::Value = serde_json::from_str(&done.out).unwrap();
        probe["vectors"].as_str().unwrap().to_owned()
    };
    sets.into_iter().filter(|(_, has)| *has).map(|(set, _)| (set, used(set))).collect()
}

#[test]
fn lenet_learns_the_same_with_each_instruction_set() {
    let place = Place::new();
    let sets = sets(&place);
    let expected =
        [("default", "plain"), ("avx2", "AVX2"), ("avx512", "AVX-512")].map(|(set, used)| (set, used.to_owned()));
    assert_eq!(sets, expected[..sets.len()], "the variable limits our kernels");
    let recipe = place.recipe(
        "thing",
        "epochs = 2\nlearning_rate = 0.1\ndata = { set = \"mnist\", validation = 200 }\nminibatch = { size = 50 }\n\
         model = { kind = \"lenet\" }\n",
    );
    let figures = |set: &str| -> Vec<f64> {
        let words = format!("train {recipe} --device cpu --out {{}}/{set}");
        let done = finish(&mut limited(place.minibatch(&words), set));
        assert_eq!(done.status, Some(0), "{set}: {done:?}");
        let mut table = csv::Reader::from_path(place.path(&format!("{set}/metrics.csv"))).unwrap();
        let columns: Vec<usize> = ["train_loss", "validation_loss"]
            .map(|name| table.headers().unwrap().iter().position(|column| column == name).unwrap())
            .into();
        let rows = table.records().map(Result::unwrap).collect::<Vec<_>>();
        rows.iter().flat_map(|row| columns.iter().map(|&column| row[column].parse().unwrap())).collect()
    };
    let plain = figures("default");
    assert_eq!(plain.len(), 4, "two epochs");
    assert!(plain[2] < plain[0], "it learns: {plain:?}");
    for (set, _) in &sets[1..] {
        for (found, expected) in figures(set).iter().zip(&plain) {
            // 40 updates carry the rounding of each on to the next.
            assert!((found - expected).abs() <= 1e-4 * expected, "{set}: {found}, plain {expected}");
        }
    }
}
