//! Recipes: those that are shipped say what they should, and wrong ones get one clear message each.

use models::Arch;
use std::path::Path;
use train::recipe::{ClassRule, ClassWeights, Size};
use train::{Recipe, stopping::Stopping};

const GOOD: &str = r#"
    epochs = 3
    learning_rate = 0.1
    [data]
    set = "mnist"
    [minibatch]
    size = 100
    [model]
    kind = "lenet"
    [stopping]
    kind = "patience"
"#;

fn shipped(name: &str) -> Recipe {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes").join(format!("{name}.toml"));
    Recipe::read(&path, &[]).unwrap()
}

fn set(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

#[test]
fn the_shipped_recipes_are_all_readable() {
    for name in ["softmax", "mlp", "lenet", "tutorial-softmax", "tutorial-mlp", "tutorial-lenet"] {
        let recipe = shipped(name);
        assert!(!recipe.description.is_empty(), "{name}");
        assert_eq!(
            Recipe::parse(&recipe.to_toml().unwrap(), name, &[]).unwrap(),
            recipe,
            "{name} survives being written"
        );
    }
}

#[test]
fn the_tutorial_recipes_are_the_published_runs() {
    let patience = |patience| Stopping::Patience { patience, increase: 2.0, threshold: 0.995 };
    for (name, rate, size, epochs, rule, l2, arch) in [
        ("tutorial-softmax", 0.13, 600, 1000, patience(5000), 0.0, Arch::Softmax),
        ("tutorial-mlp", 0.01, 20, 1000, patience(10_000), 1e-4, Arch::mlp()),
        ("tutorial-lenet", 0.1, 500, 200, patience(10_000), 0.0, Arch::lenet()),
    ] {
        let recipe = shipped(name);
        assert_eq!((recipe.learning_rate, recipe.epochs), (rate, epochs), "{name}");
        assert_eq!(recipe.minibatch.size, Size::Count(size), "{name}");
        assert_eq!((&recipe.stopping, recipe.penalty.l1, recipe.penalty.l2), (&rule, 0.0, l2), "{name}");
        assert_eq!((&recipe.model, recipe.data.divisor, recipe.data.validation), (&arch, 256.0, 10_000), "{name}");
        assert_eq!(recipe.minibatch.order, train::recipe::Order::Stored, "{name}");
        assert_eq!(recipe.minibatch.tail, tensor_data::Tail::Drop, "{name}");
        assert_eq!((recipe.evaluation.size, recipe.evaluation.tail), (size, tensor_data::Tail::Drop), "{name}");
        assert_eq!((recipe.optimizer, recipe.schedule), (optim::Rule::default(), optim::Schedule::Constant), "{name}");
    }
}

/// The message for a good recipe with overrides must hold every one of `expected`, and count as wrong usage.
fn check(overrides: &[(&str, &str)], expected: &[&str]) {
    let error = Recipe::parse(GOOD, "good.toml", &set(overrides)).expect_err(&format!("{overrides:?} was taken"));
    let text = error.to_string();
    for part in expected {
        assert!(text.contains(part), "{overrides:?} gave: {text}");
    }
    assert!(error.is_usage(), "{overrides:?} must end with exit status 2");
}

#[test]
fn each_wrong_value_gets_its_own_message() {
    check(&[("learning_rate", "0")], &["`learning_rate` is 0", "at least 1e-30 and at most 1e30"]);
    check(&[("learning_rate", "-0.1")], &["`learning_rate` is -0.1"]);
    check(&[("learning_rate", "nan")], &["`learning_rate` is NaN"]);
    check(
        &[("learning_rate", "fast")],
        &["learning_rate=fast", "`learning_rate` must be a number, but is the text \"fast\""],
    );
    check(&[("epochs", "0")], &["`epochs` is 0", "a whole number from 1 to 10^9"]);
    check(&[("minibatch.size", "0")], &["`minibatch.size` is 0", "from 1 to 10^9 pictures, or \"all\""]);
    check(&[("minibatch.size", "-5")], &["-5"]);
    check(&[("minibatch.shift", "9")], &["`minibatch.shift` is 9", "0 to 8"]);
    let balanced = ("minibatch.sampling", "balanced");
    check(&[balanced, ("minibatch.order", "stored")], &["section [minibatch]", "`order` is \"stored\""]);
    check(&[balanced, ("loss.class_weights", "balanced")], &["`loss.class_weights`", "with_class_weights = true"]);
    check(
        &[balanced, ("augment", "[{ kind = 'flip', alternating = true }]")],
        &["section [minibatch]", "`alternating`"],
    );
    check(
        &[("minibatch.with_class_weights", "true")],
        &["`minibatch.with_class_weights` has no effect", "\"balanced\""],
    );
    let list = |text: &str| format!("[{{ kind = 'flip' }}, {{ {text} }}]");
    for (text, words) in [
        ("kind = 'rotate', degrees = 181", &["`augment[1].degrees` is 181", "above 0 and at most 180"][..]),
        ("kind = 'affine', scale = [1.2, 0.8]", &["`augment[1].scale` is [1.2, 0.8]", "the least first"]),
        ("kind = 'colour-jitter', brightness = 0, contrast = 0", &["`augment[1].brightness` is 0", "does nothing"]),
        ("kind = 'cutuot'", &["cutuot", "did you mean `cutout`?"]),
        ("kind = 'cutout', sise = 3", &["sise", "did you mean `size`?"]),
        ("kind = 'trivial-augment', magnitude = 3", &["magnitude"]),
    ] {
        check(&[("augment", &list(text))], words);
    }
    check(&[("stopping.patience", "0")], &["`stopping.patience` is 0", "from 1 to 10^15 minibatches"]);
    check(&[("stopping.increase", "0.5")], &["`stopping.increase` is 0.5"]);
    check(&[("stopping.threshold", "1.5")], &["`stopping.threshold` is 1.5"]);
    check(&[("stopping.kind", "halving"), ("stopping.factor", "1")], &["`stopping.factor` is 1"]);
    check(&[("data.divisor", "0")], &["`data.divisor` is 0"]);
    check(&[("stopping.kind", "plateau"), ("stopping.threshold", "1")], &["`stopping.threshold` is 1"]);
    check(&[("limits.iterations", "0")], &["`limits.iterations` is 0"]);
    check(&[("limits.minutes", "0")], &["`limits.minutes` is 0"]);
    check(&[("limits.target_error", "1.5")], &["`limits.target_error` is 1.5"]);
    check(&[("penalty.l2", "-1")], &["`penalty.l2` is -1"]);
    check(&[("optimizer.kind", "sgd"), ("optimizer.momentum", "1.5")], &["`optimizer.momentum` is 1.5"]);
    for key in ["gradients.clip_norm", "gradients.clip_value"] {
        for value in ["0", "-1", "inf", "nan"] {
            check(&[(key, value)], &[key, "at least 1e-30 and at most 1e30"]);
        }
    }
    check(&[("gradients.accumulate", "0")], &["`gradients.accumulate` is 0", "from 1 to 10^9"]);
    check(&[("average.decay", "1")], &["`average.decay` is 1", "at least 0 and below 1"]);
    check(&[("average.warm_up", "true")], &["the key `decay` is missing"]);
    check(&[("loss.label_smoothing", "1")], &["`loss.label_smoothing` is 1", "at least 0 and below 1"]);
    check(&[("loss.label_smoothing", "-0.1")], &["`loss.label_smoothing` is -0.1"]);
    check(&[("loss.class_weights", "[1.0, 0.0]")], &["`loss.class_weights` is 0", "at least 1e-6 and at most 1e6"]);
    check(&[("loss.class_weights", "even")], &["\"none\", \"balanced\" or a list"]);
    check(&[("minibatch.size", "most")], &["a number of pictures, at least 1, or \"all\""]);
    check(
        &[("groups", "[{ parameters = 'conv', learning_rate_factor = -1 }]")],
        &["`groups.learning_rate_factor` is -1"],
    );
    check(&[("groups", "[{ parameters = 'conv', rate = 1 }]")], &["there is no key `rate`"]);
    check(&[("groups", "[{ decay = false }]")], &["the key `parameters` is missing"]);
    check(&[("model.dropout", "1")], &["`model.dropout` is 1"]);
    check(&[("model.kind", "mlp"), ("model.hidden", "[]")], &["hidden"]);
}

#[test]
fn a_value_of_the_wrong_type_names_its_key_in_plain_words() {
    let whole = "a whole number from 0 to 2^63 - 1";
    check(&[("epochs", "many")], &[&format!("`epochs` must be {whole}, but is the text \"many\"")]);
    check(&[("epochs", "1e300")], &[&format!("`epochs` must be {whole}, but is 1e300")]);
    check(&[("checkpoint.keep_top", "true")], &[&format!("`checkpoint.keep_top` must be {whole}, but is true")]);
    // Below a table with a `kind`, of which serde does not tell the key.
    check(&[("stopping.patience", "-7")], &[&format!("`stopping.patience` must be {whole}, but is -7")]);
    check(&[("model.kernel", "5.5")], &["`model.kernel` must be a whole number, but is 5.5"]);
    check(&[("model.ignore_border", "5")], &["`model.ignore_border` must be true or false, but is 5"]);
    check(&[("model.filters", "[3]")], &["must be a list of 2, but holds 1"]);
    check(&[("model.filters", "[3, x]")], &["`model.filters` must be"]);
    check(&[("data", "5")], &["`data` must be a table of keys, but is 5"]);
    check(&[("optimizer.kind", "sgd"), ("optimizer.nesterov", "yes")], &["`optimizer.nesterov` must be true or false"]);
    check(&[("penalty.l2", "[1]")], &["`penalty.l2` must be a number, but is a list"]);
    check(&[("data.split_seed", "-1")], &["data.split_seed"]);
    check(&[("seed", "9223372036854775808")], &["`seed` must be", "9223372036854775808"]);
    for value in ["many", "-7", "1e300", "true", "[1]", "{a = 1}"] {
        for key in
            ["epochs", "learning_rate", "stopping.patience", "stopping.increase", "model.hidden", "limits.minutes"]
        {
            let Err(error) = Recipe::parse(GOOD, "good.toml", &set(&[(key, value)])) else { continue };
            let told = error.to_string();
            for rust in ["u64", "i64", "f64", "usize", "struct", "enum", "variant", "invalid type", "invalid value"] {
                assert!(!told.contains(rust), "{key} = {value}: {told}");
            }
        }
    }
}

#[test]
fn numbers_that_would_overflow_are_refused_by_key() {
    for (key, value) in [
        ("checkpoint.seconds", "1e20"),
        ("checkpoint.snapshots", "9223372036854775807"),
        ("stopping.increase", "1e300"),
        ("data.divisor", "1e300"),
        ("learning_rate", "1e308"),
    ] {
        check(&[(key, value)], &[&format!("recipe key `{key}` is {value}, but must be ")]);
    }
}

#[test]
fn l2_and_decoupled_weight_decay_together_are_refused_unless_asked_for() {
    let both = [("optimizer.kind", "adamw"), ("penalty.l2", "0.001")];
    check(&both, &["`optimizer.weight_decay` (0.01", "`penalty.l2` (0.001)", "`penalty.with_weight_decay = true`"]);
    for (key, value) in [("penalty.with_weight_decay", "true"), ("optimizer.weight_decay", "0"), ("penalty.l2", "0")] {
        let overrides = [&both[..], &[(key, value)]].concat();
        let recipe = Recipe::parse(GOOD, "good.toml", &set(&overrides)).unwrap();
        assert!(recipe.check().is_ok(), "{key}");
    }
    // L1 draws weights to zero for its own sake, and SGD has no decoupled decay.
    for overrides in [[("optimizer.kind", "adamw"), ("penalty.l1", "0.001")], [("optimizer.kind", "sgd"), both[1]]] {
        Recipe::parse(GOOD, "good.toml", &set(&overrides)).unwrap();
    }
}

#[test]
fn words_and_numbers_stand_for_sizes_and_class_weights() {
    let recipe = |pairs: &[(&str, &str)]| Recipe::parse(GOOD, "good.toml", &set(pairs)).unwrap();
    let all = recipe(&[("minibatch.size", "all"), ("loss.class_weights", "balanced")]);
    assert_eq!((all.minibatch.size.resolve(50_000), all.minibatch.size.to_string()), (50_000, "all".to_owned()));
    assert_eq!(all.loss.class_weights, ClassWeights::Rule(ClassRule::Balanced));
    let given = recipe(&[("loss.class_weights", "[1, 2.5]"), ("groups", "[{ parameters = 'conv', decay = false }]")]);
    assert_eq!(given.loss.class_weights, ClassWeights::Given(vec![1.0, 2.5]));
    assert_eq!((given.groups[0].learning_rate_factor, given.groups[0].decay), (1.0, false));
    assert_eq!(given.minibatch.size.resolve(50_000), 100);
    for recipe in [all, given] {
        assert_eq!(Recipe::parse(&recipe.to_toml().unwrap(), "written", &[]).unwrap(), recipe);
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_name() {
    check(&[("learning_rat", "0.1")], &["there is no key `learning_rat`", "did you mean `learning_rate`?"]);
    check(&[("minibatch.sise", "5")], &["there is no key `sise`", "did you mean `size`?"]);
    check(&[("model.activatoin", "relu")], &["there is no key `activatoin`", "did you mean `activation`?"]);
    check(&[("stopping.patiense", "5")], &["there is no key `patiense`", "did you mean `patience`?"]);
    check(&[("model.kind", "lennet")], &["`lennet` is not known here", "did you mean `lenet`?"]);
    check(&[("schedule.kind", "cosin")], &["`cosin` is not known here", "did you mean `cosine`?"]);
    check(&[("epochs.more", "1")], &["`epochs` is a value"]);
}

#[test]
fn a_mistake_in_a_file_is_told_with_its_line() {
    let text = GOOD.replace("learning_rate = 0.1", "learning_rate = 0.1\n    momentum = 0.9");
    let told = Recipe::parse(&text, "mine.toml", &[]).unwrap_err().to_string();
    assert!(
        told.contains("mine.toml") && told.contains("line 4") && told.contains("there is no key `momentum`"),
        "{told}"
    );
    let told = Recipe::parse("epochs = = 3", "mine.toml", &[]).unwrap_err().to_string();
    assert!(told.contains("line 1"), "{told}");
    let told = Recipe::parse("epochs = 3", "mine.toml", &[]).unwrap_err().to_string();
    assert!(told.contains("the key `learning_rate` is missing"), "{told}");
}

#[test]
fn overrides_are_toml_values_or_plain_words() {
    let overrides = set(&[
        ("model.kind", "mlp"),
        ("model.hidden", "[30, 20]"),
        ("model.activation", "relu"),
        ("data.set", "glyphs"),
        ("learning_rate", "1e-2"),
    ]);
    let recipe = Recipe::parse(GOOD, "good.toml", &overrides).unwrap();
    assert!(matches!(&recipe.model, Arch::Mlp { hidden, .. } if *hidden == [30, 20]));
    assert_eq!((recipe.data.set.as_str(), recipe.learning_rate), ("glyphs", 0.01));
}

#[test]
fn an_option_of_the_optimiser_alone_is_one_of_the_default_one() {
    let text = "epochs = 1\nlearning_rate = 0.1\ndata = { set = \"mnist\" }\nminibatch = { size = 20 }\nmodel = { kind = \"mlp\" }\n";
    let changed = |pairs: &[(&str, &str)]| Recipe::parse(text, "x.toml", &set(pairs));
    let momentum = changed(&[("optimizer.momentum", "0.9")]).unwrap();
    assert_eq!(momentum, changed(&[("optimizer.kind", "sgd"), ("optimizer.momentum", "0.9")]).unwrap());
    let wrong = changed(&[("optimizer.beta1", "0.9")]).unwrap_err().to_string();
    assert!(wrong.contains("beta1"), "{wrong}");
}

#[test]
fn another_kind_drops_the_keys_of_the_former_kind() {
    let text = GOOD.replace("kind = \"patience\"", "kind = \"patience\"\n    patience = 50");
    let recipe = Recipe::parse(&text, "good.toml", &set(&[("stopping.kind", "no-improvement")])).unwrap();
    assert_eq!(recipe.stopping, Stopping::NoImprovement { epochs: 10 });
    let same = Recipe::parse(&text, "good.toml", &set(&[("stopping.kind", "patience")])).unwrap();
    assert!(matches!(same.stopping, Stopping::Patience { patience: 50, .. }));
}

/// Every key, changed: whether a resumed run takes it up, or what the refusal says.
#[test]
fn each_key_may_change_on_resume_or_says_why_not() {
    const SGD: &str = "optimizer={ kind = 'sgd', momentum = 0.5 }";
    const ADAM: &str = "optimizer={ kind = 'adamw' }";
    const RMSPROP: &str = "optimizer={ kind = 'rmsprop' }";
    const ONE_CYCLE: &str = "schedule={ kind = 'one-cycle' }";
    const PLATEAU: &str = "stopping={ kind = 'plateau' }";
    const AVERAGE: &str = "average={ decay = 0.9 }";
    const CNN: &str = "model={ kind = 'lenet' }";
    const DROP: &str = "evaluation={ tail = 'drop' }";
    const BALANCED: &str = "minibatch={ size = 10, sampling = 'balanced' }";
    const PENALTY: &str = "penalty={ l2 = 0.1 }";
    let taken = "";
    let cases = [
        ("", "description", "other", taken),
        ("", "seed", "9", "split follow from it"),
        ("", "epochs", "9", taken),
        ("", "learning_rate", "0.2", taken),
        ("", "precision", "bf16", "computed in the old one"),
        ("", "graphs", "off", taken),
        ("", "data.set", "glyphs", "other pictures"),
        ("", "data.divisor", "256", "other pictures"),
        ("", "data.validation", "500", "other pictures"),
        ("", "data.holdout", "random", "other pictures"),
        ("", "data.storage", "u8", "other pictures"),
        ("", "minibatch.size", "50", "counts minibatches"),
        ("", "minibatch.order", "stored", "counts minibatches"),
        ("", "minibatch.tail", "keep", "counts minibatches"),
        ("", "minibatch.shift", "1", "counts minibatches"),
        ("", "minibatch.sampling", "balanced", "counts minibatches"),
        (BALANCED, "minibatch.with_class_weights", "true", "counts minibatches"),
        ("", "evaluation.size", "100", taken),
        (DROP, "evaluation.size", "100", "would be of other pictures"),
        ("", "evaluation.tail", "drop", "would be of other pictures"),
        (DROP, "evaluation.tail", "keep", "would be of other pictures"),
        ("", "evaluation.watch", "loss", taken),
        ("", "evaluation.top_k", "3", "validation_top_k_error in metrics.csv"),
        ("", "evaluation.mirror", "true", "would be of other answers"),
        (CNN, "model.kind", "softmax", "old network"),
        (CNN, "model.filters", "[3, 4]", "old network"),
        (CNN, "model.hidden", "9", "old network"),
        (CNN, "model.activation", "relu", "old network"),
        (CNN, "model.dropout", "0.5", "old network"),
        (CNN, "model.ignore_border", "false", "old network"),
        (CNN, "model.initial", "fan-in", "old network"),
        (CNN, "model.kernel", "3", "old network"),
        (SGD, "optimizer.kind", "adam", "no such state"),
        (SGD, "optimizer.momentum", "0.9", taken),
        (SGD, "optimizer.momentum", "0", "no such state"),
        (SGD, "optimizer.dampening", "0.1", taken),
        (SGD, "optimizer.nesterov", "true", taken),
        (ADAM, "optimizer.beta1", "0.8", taken),
        (ADAM, "optimizer.beta2", "0.9", taken),
        (ADAM, "optimizer.epsilon", "0.1", taken),
        (ADAM, "optimizer.weight_decay", "0.1", taken),
        (RMSPROP, "optimizer.smoothing", "0.9", taken),
        (RMSPROP, "optimizer.momentum", "0.9", "no such state"),
        (RMSPROP, "optimizer.centered", "true", "no such state"),
        ("", "schedule.kind", "cosine", taken),
        (ONE_CYCLE, "schedule.warm_up_fraction", "0.5", taken),
        (ONE_CYCLE, "schedule.start_fraction", "0.5", taken),
        (ONE_CYCLE, "schedule.final_fraction", "0.5", taken),
        (ONE_CYCLE, "schedule.anneal", "linear", taken),
        ("schedule={ kind = 'cosine' }", "schedule.warm_up_epochs", "1", taken),
        ("schedule={ kind = 'inverse-time' }", "schedule.decay", "0.5", taken),
        ("schedule={ kind = 'step', every = 2 }", "schedule.every", "3", taken),
        ("schedule={ kind = 'step', every = 2 }", "schedule.factor", "0.5", taken),
        ("", "loss.label_smoothing", "0.1", "train_loss in metrics.csv"),
        ("", "loss.class_weights", "balanced", "train_loss in metrics.csv"),
        ("", "penalty.l1", "0.1", "penalty in metrics.csv"),
        ("", "penalty.l2", "0.1", "penalty in metrics.csv"),
        ("", "penalty.with_weight_decay", "true", taken),
        ("", "gradients.accumulate", "2", "not complete"),
        ("", "gradients.clip_value", "1", taken),
        ("", "gradients.clip_norm", "1", taken),
        ("", "average.decay", "0.9", "made by the old rule"),
        (AVERAGE, "average.decay", "0.8", "made by the old rule"),
        (AVERAGE, "average.warm_up", "true", "made by the old rule"),
        ("", "groups", "[{ parameters = 'conv', decay = false }]", taken),
        (PENALTY, "groups", "[{ parameters = 'conv', learning_rate_factor = 0 }]", taken),
        (PENALTY, "groups", "[{ parameters = 'conv', decay = false }]", "penalty in metrics.csv"),
        ("", "stopping.kind", "never", taken),
        ("", "stopping.patience", "9", taken),
        ("", "stopping.increase", "3", taken),
        ("", "stopping.threshold", "0.5", taken),
        (PLATEAU, "stopping.epochs", "3", taken),
        (PLATEAU, "stopping.factor", "0.1", taken),
        (PLATEAU, "stopping.floor", "0.1", taken),
        (PLATEAU, "stopping.mode", "absolute", taken),
        (PLATEAU, "stopping.cooldown", "1", taken),
        ("", "limits.iterations", "9", taken),
        ("", "limits.minutes", "9", taken),
        ("", "limits.target_error", "0.1", taken),
        ("", "limits.target_loss", "0.1", taken),
        ("", "checkpoint.seconds", "9", taken),
        ("", "checkpoint.snapshots", "9", taken),
        ("", "checkpoint.keep_top", "9", taken),
    ];
    for (base, key, value, expected) in cases {
        let base: Vec<_> = base.split_once('=').into_iter().collect();
        let before = Recipe::parse(GOOD, "good.toml", &set(&base)).unwrap();
        let now = Recipe::parse(GOOD, "good.toml", &set(&[&base[..], &[(key, value)]].concat())).unwrap();
        match (before.changes_on_resume(&now), expected) {
            (Ok(changes), "") => assert!(changes.iter().any(|it| it.starts_with(key)), "{key}: {changes:?}"),
            (Ok(_), why) => panic!("{key} was taken up; it should say {why}"),
            (Err(error), "") => panic!("{error}"),
            (Err(error), why) => {
                let told = error.to_string();
                assert!(
                    told.contains(key) && told.contains("cannot change in mid-run") && told.contains(why),
                    "{told}"
                );
                assert!(error.is_usage(), "{key}");
            }
        }
        // A key that no case changes is one that nobody thought of.
        for (key, _) in [before, now].iter().flat_map(|recipe| recipe.settings().unwrap()) {
            assert!(cases.iter().any(|case| case.1 == key), "no case says what becomes of {key} on resume");
        }
    }
}

#[test]
fn all_that_cannot_change_is_named_at_once() {
    let before = Recipe::parse(GOOD, "good.toml", &[]).unwrap();
    let changed = |pairs| before.changes_on_resume(&Recipe::parse(GOOD, "good.toml", &set(pairs)).unwrap());
    assert_eq!(changed(&[("epochs", "9")]).unwrap(), ["epochs: 3 -> 9"]);
    assert_eq!(changed(&[("gradients.clip_norm", "1")]).unwrap(), ["gradients.clip_norm: nothing -> 1.0"]);
    assert_eq!(changed(&[("epochs", "3")]).unwrap(), [] as [&str; 0]);
    let told = changed(&[("seed", "9"), ("epochs", "9"), ("evaluation.top_k", "3")]).unwrap_err().to_string();
    assert!(
        told.contains("seed: 0 -> 9") && told.contains("evaluation.top_k: 5 -> 3") && !told.contains("epochs"),
        "{told}"
    );
}

#[test]
fn a_seed_of_its_own_fixes_the_split() {
    let split = |overrides: &[(&str, &str)]| {
        let overrides: Vec<_> = overrides.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let text = "epochs = 1\nlearning_rate = 0.1\ndata = { set = \"glyphs\", holdout = \"random\", validation = 5 }\n\
                    minibatch = { size = 10 }\nmodel = { kind = \"softmax\" }\n";
        let recipe = Recipe::parse(text, "a test", &overrides).unwrap();
        recipe.data.holdout(recipe.seed)
    };
    assert_eq!(split(&[("seed", "7")]), tensor_data::Holdout::Random { count: 5, seed: 7 });
    assert_eq!(split(&[("seed", "7"), ("data.split_seed", "1")]), split(&[("seed", "8"), ("data.split_seed", "1")]));
    assert_ne!(split(&[("data.split_seed", "1")]), split(&[("data.split_seed", "2")]));
}

#[test]
fn a_typed_recipe_takes_overrides_as_its_text_does() {
    let text = "epochs = 3\nlearning_rate = 0.5\ndata.set = \"mnist\"\n[minibatch]\nsize = 20\n[model]\nkind = \"mlp\"\ndropout = 0.5\n\
                [optimizer]\nkind = \"adamw\"\n[[groups]]\nparameters = \"hidden1\"\ndecay = false\n";
    let plain = Recipe::parse(text, "a test", &[]).unwrap();
    assert_eq!(plain.with(&[]).unwrap(), plain);
    for (key, value) in [("seed", "9"), ("model.kind", "lenet"), ("model.hidden", "[3, 4]"), ("limits.minutes", "0.5")]
    {
        let change = [(key.to_owned(), value.to_owned())];
        let changed = plain.with(&change).unwrap();
        assert_eq!(changed, Recipe::parse(text, "a test", &change).unwrap(), "{key}");
        assert_ne!(changed, plain, "{key}");
    }
    let error = plain.with(&[("model.hiden".to_owned(), "7".to_owned())]).unwrap_err().to_string();
    assert!(error.contains("did you mean `hidden`"), "{error}");
    assert!(plain.with(&[("epochs".to_owned(), "0".to_owned())]).is_err(), "the range is checked");
    assert_eq!((plain.model.clone().without_dropout().dropout(), plain.model.dropout()), (0.0, 0.5));
    assert_eq!(
        (plain.optimizer.without_weight_decay().weight_decay(), plain.optimizer.weight_decay() > 0.0),
        (0.0, true)
    );
}
