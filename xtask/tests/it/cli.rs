//! Command lines that are taken and those that are refused.

use clap::{CommandFactory, Parser};
use xtask::cli::*;

fn parse(line: &str) -> Result<Command, clap::Error> {
    Cli::try_parse_from(std::iter::once("xtask").chain(line.split_whitespace())).map(|cli| cli.command)
}

#[test]
fn the_definitions_hold_together() {
    Cli::command().debug_assert();
}

#[test]
fn good_command_lines_are_taken() {
    for line in [
        "train lenet",
        "train --resume runs/a --epochs 9 --set batch_size=50 --device cuda:1 --data d --json",
        "train lenet --dataset glyphs --seed 0 --epochs 1 --out x --set a.b=1 --set c=2",
        "train lenet --watch",
        "clean runs/a --folds 10 --data d --json",
        "clean runs/a --apply",
        "clean runs/a --undo --json",
        "train photos --folds 5 --tensorboard --json --out x",
        "train lenet --resume runs/a",
        "train lenet --tensorboard --json",
        "train lenet --dry-run --out x --json",
        "train lenet --overfit-one-batch",
        "train --overfit-one-batch lenet",
        "train lenet --overfit-one-batch=50 --out x",
        "augment lenet",
        "augment lenet photos --count 2 --epochs 1 --seed 3 --set a=1 --out x.png",
        "find-batch lenet",
        "find-batch lenet --from 1 --to 8 --max-seconds 0.5 --set a=1 --out x --json",
        "find-rate lenet",
        "find-rate lenet --from 1e-5 --to 2 --steps 10 --smoothing 0 --seed 1 --set a=1 --out x --json",
        "eval runs/a --checkpoint top/iteration-00000500-error-0.0123",
        "predict runs/a 7.png --checkpoint snapshots/epoch-0001",
        "train --resume runs/a --watch --port 8080 --json",
        "eval runs/a --split valid --checkpoint last --json",
        "predict runs/a 7.png 8.jpg --top 1 --invert no --json",
        "filters runs/a --layer conv1 --snapshot all --out x",
        "filters runs/a --checkpoint last --classic",
        "features runs/a 7.png --device cpu",
        "explain runs/a 7.png --method grad-cam --class 1 --layer conv1 --window 5 --stride 2 --out x",
        "dream runs/a --layer conv2 --unit 3 --steps 9 --seed 1 --out x",
        "convolve",
        "convolve p.jpg --filters 4 --size 5 --seed 1 --keep-border",
        "convolve --run runs/a --filters 20",
        "report runs/a runs/b --out x --device cpu",
        "bench --versus --help",
        "install --root x",
        "data mnist --out x",
        "setup --cpu --force",
        "probe --json",
        "test",
    ] {
        assert!(parse(line).is_ok(), "{line}: {}", parse(line).unwrap_err());
    }
}

#[test]
fn wrong_command_lines_exit_with_two() {
    for line in [
        "",
        "train",
        "train --resume runs/a --seed 1",
        "train --resume runs/a --folds 5",
        "clean",
        "clean runs/a --apply --undo",
        "clean runs/a --apply --folds 5",
        "train lenet --folds 1",
        "train lenet --folds 5 --watch",
        "train lenet --folds 5 --dry-run",
        "train lenet --seed 9223372036854775808",
        "train lenet --seed x",
        "train lenet --epochs 1000000001",
        "train lenet --overfit-one-batch=1e3",
        "find-rate lenet --from 5e-324",
        "find-rate lenet --to 1e308",
        "find-rate lenet --smoothing nan",
        "explain runs/a 7.png --stride 9223372036854775807",
        "dream runs/a --seed 18446744073709551615",
        "train --resume runs/a --out b",
        "train --resume runs/a --dataset mnist",
        "train lenet --epochs 0",
        "train lenet --port 8080",
        "train --resume runs/a --dry-run",
        "train --resume runs/a --overfit-one-batch",
        "train lenet --dry-run --overfit-one-batch",
        "train lenet --dry-run --watch",
        "train lenet --overfit-one-batch=0",
        "train lenet --overfit-one-batch --epochs 3",
        "find-rate",
        "augment",
        "augment lenet --count 1",
        "augment lenet photos --dataset mnist",
        "find-batch",
        "find-batch lenet --from 0",
        "find-batch lenet --max-seconds 0",
        "find-rate lenet --from 0",
        "find-rate lenet --to inf",
        "find-rate lenet --steps 9",
        "find-rate lenet --smoothing 1",
        "eval runs/a --checkpoint ../b/best",
        "eval runs/a --checkpoint top/",
        "eval runs/a --checkpoint top/../../b",
        "eval runs/a --checkpoint top/..",
        "eval runs/a --checkpoint newest",
        "train lenet --watch --port 65536",
        "train lenet --set batch_size",
        "train lenet --set =3",
        "train lenet --set a..b=3",
        "train lenet --set a=",
        "train lenet --device gpu",
        "eval",
        "eval runs/a --split dev",
        "predict runs/a",
        "predict runs/a 7.png --top 0",
        "filters runs/a --snapshot all --checkpoint last",
        "features runs/a",
        "explain runs/a 7.png --method shap",
        "explain runs/a 7.png --window 0",
        "dream runs/a --steps 0",
        "convolve --filters 0",
        "convolve --run runs/a --size 5",
        "report",
        "watch",
        "watch runs --port 65536",
        "setup --cpu --cuda",
        "data --out x",
        "brew",
    ] {
        let error = parse(line).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn a_number_out_of_range_is_told_in_plain_words() {
    for (line, words) in [
        ("train lenet --seed x", "it must be a whole number from 0 to 2^63 - 1"),
        ("train lenet --epochs 0", "it must be a whole number from 1 to 10^9"),
        ("train lenet --watch --port 65536", "it must be a whole number from 0 to 65535"),
        ("train lenet --overfit-one-batch=2000000", "it must be a whole number from 1 to 10^6"),
        ("find-rate lenet --from 0", "it must be a number, at least 1e-30 and at most 1e20, such as 1e-6"),
        ("predict runs/a 7.png --top 0", "it must be a whole number from 1 to 10^9"),
    ] {
        let told = parse(line).expect_err(line).to_string();
        assert!(told.contains(words), "{line}: {told}");
    }
}

#[test]
fn the_usage_of_train_shows_what_is_taken() {
    let told = parse("train").expect_err("no recipe").to_string();
    assert!(told.contains("train [OPTIONS] <RECIPE>\n") && told.contains("train [OPTIONS] --resume <RUN>"), "{told}");
}

#[test]
fn devices_are_read_exactly() {
    let cases = [("auto", Some(Device::Auto)), ("cpu", Some(Device::Cpu)), ("cuda", Some(Device::Cuda(0)))];
    let more = [("cuda:3", Some(Device::Cuda(3))), ("cuda:", None), ("cuda:+1", None), ("CPU", None), ("", None)];
    for (text, expected) in cases.into_iter().chain(more) {
        assert_eq!(text.parse::<Device>().ok(), expected, "{text}");
    }
}

#[test]
fn a_setting_keeps_further_equals_signs_in_its_value() {
    let setting: Setting = "name=a=b".parse().unwrap();
    assert_eq!((setting.key.as_str(), setting.value.as_str()), ("name", "a=b"));
}

#[test]
fn an_installed_program_is_called_by_its_own_name() {
    let mut command = named(Cli::command(), "minibatch");
    command.build();
    let mut pages = vec![command.render_long_help().to_string()];
    pages.extend(command.get_subcommands_mut().map(|it| it.render_long_help().to_string()));
    assert!(pages.iter().all(|page| page.contains("Usage: minibatch")), "{pages:?}");
    let clone = pages.iter().filter(|page| page.contains("cargo xtask")).count();
    assert_eq!(clone, 0, "{pages:?}");
}
