//! Several ranks that train one model: threads of this process, each with connections of its own, as separate processes have.

use crate::common::{data, recipe, stop_at};
use crate::updates;
use serde_json::Value;
use std::net::TcpListener;
use std::ops::ControlFlow::Continue;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tch::{Device, Kind, Tensor};
use tensor_data::Dataset;
use torch_ext::{Group, Meeting, Store};
use train::{Error, Event, Identity, Learner, Mismatch, Outcome, Plan, Ranks, Recipe, Row, RunFolder, StoppedBy, fit};

const PATIENCE: Duration = Duration::from_secs(30);

/// What each of `count` ranks makes of it.
fn together<T: Send>(count: usize, work: impl Fn(Ranks) -> T + Sync) -> Vec<T> {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let mut stores = vec![Store::Socket(socket)];
    stores.resize_with(count, || Store::RankZero);
    thread::scope(|scope| {
        let start = |(rank, store)| {
            let work = &work;
            scope.spawn(move || {
                let host = "127.0.0.1".to_owned();
                let (patience, timeout) = (PATIENCE, PATIENCE);
                let meeting = Meeting { host, port, rank, ranks: count, store, attempt: 0, patience, timeout };
                work(Ranks::Together(Arc::new(Group::meet(meeting, &mut || None).unwrap())))
            })
        };
        let started: Vec<_> = stores.into_iter().enumerate().map(start).collect();
        started.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

/// A rank's plan, and its learner as rank 0's begins.
fn begun(recipe: &Recipe, data: &Dataset, ranks: &Ranks) -> (Plan, Learner) {
    let plan = Plan::new(recipe, data).unwrap().across(ranks.clone()).unwrap();
    let learner = Learner::new(&plan, data, Device::Cpu).unwrap();
    // Other values than rank 0's, which it has to get.
    if ranks.rank() > 0 {
        let other: Vec<_> = learner.model.clone_values().into_iter().map(|(name, it)| (name, it * 2.0 + 1.0)).collect();
        learner.model.load_values(&other).unwrap();
    }
    let learner = learner.of_first_rank(&plan, &Identity::new("test", recipe)).unwrap();
    (plan, learner)
}

type Values = Vec<(String, Vec<f32>)>;

fn values(learner: &Learner) -> Values {
    let numbers = |it: Tensor| Vec::try_from(it.to_kind(Kind::Float).reshape([-1])).unwrap();
    learner.model.clone_values().into_iter().map(|(name, it)| (name, numbers(it))).collect()
}

/// The values after the last minibatch, and the rows.
fn trained(recipe: &Recipe, ranks: &Ranks) -> (Values, Vec<Row>) {
    let data = data(recipe);
    let (plan, mut learner) = begun(recipe, &data, ranks);
    let (mut last, mut rows) = (Vec::new(), Vec::new());
    let mut keep = |event: &Event<'_>| {
        match event {
            Event::Validated { row, .. } => rows.push(**row),
            Event::Stopped { learner, .. } => last = values(learner),
            _ => {}
        }
        Ok(Continue(()))
    };
    fit(&plan, &data, &mut learner, &mut keep).unwrap();
    (last, rows)
}

fn largest_difference(one: &Values, other: &Values) -> f32 {
    assert_eq!(one.len(), other.len());
    let pairs = one.iter().zip(other).flat_map(|((_, one), (_, other))| one.iter().zip(other));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// No dropout, whose generator a process has one of.
const SURE: [&str; 3] = ["model.dropout=0", "epochs=2", "schedule.kind=constant"];

fn sure(keys: &[&str]) -> Recipe {
    recipe(&[&SURE, keys].concat())
}

/// 64 pictures a minibatch in two halves of 32: sums of powers of two round nowhere, so that the bits are those of one process that
/// gathers the halves for an update.
#[test]
fn two_ranks_are_one_that_accumulates_their_halves_bit_for_bit() {
    let rules: [&[&str]; 4] = [
        &["optimizer.momentum=0.9", "penalty.l1=0.0001"],
        &["optimizer={ kind = \"adam\" }", "learning_rate=0.001", "gradients.clip_norm=0.5"],
        &["average.decay=0.9", "gradients.clip_value=0.01", "loss.label_smoothing=0.1"],
        &["model={ kind = \"lenet\" }", "epochs=1"],
    ];
    for rule in rules {
        let rule: Vec<&str> = ["minibatch.tail=drop"].iter().chain(rule).copied().collect();
        let halves = [&["minibatch.size=32", "gradients.accumulate=2"], rule.as_slice()].concat();
        let whole = [&["minibatch.size=64"], rule.as_slice()].concat();
        let lenet = rule.iter().any(|key| key.contains("lenet"));
        let recipe = |keys: &[&str]| if lenet { recipe(&[&SURE[1..], keys].concat()) } else { sure(keys) };
        let (alone, rows) = trained(&recipe(&halves), &Ranks::Alone);
        for (last, told) in together(2, |ranks| trained(&recipe(&whole), &ranks)) {
            assert!(last == alone, "{rule:?}");
            assert_eq!(told.len(), rows.len());
            for (told, row) in told.iter().zip(&rows) {
                assert_eq!(told.validation_error, row.validation_error, "counts are exact");
                assert_eq!(told.train_error, row.train_error);
                assert!((told.validation_loss - row.validation_loss).abs() < 1e-6);
                assert!((told.train_loss - row.train_loss).abs() < 1e-6);
            }
        }
    }
}

/// The tree of steps that a rank takes is that of one process, to rounding: with everything that looks at a whole minibatch.
#[test]
fn any_number_of_ranks_takes_the_same_steps() {
    let networks: [&[&str]; 3] = [
        &["model.dropout=0", "loss.class_weights=balanced", "gradients.accumulate=2"],
        &["model.dropout=0", "augment=[{ kind = \"mixup\" }]", "minibatch.shift=0"],
        &["model={ kind = \"cifar-resnet\", depth = 8 }", "learning_rate=0.01", "minibatch.size=25"],
    ];
    for network in networks {
        let keys = [network, &["limits.iterations=3", "data.validation=101", "schedule.kind=constant"]].concat();
        let alone = trained(&recipe(&keys), &Ranks::Alone);
        for count in [1, 2, 3] {
            for (last, rows) in together(count, |ranks| trained(&recipe(&keys), &ranks)) {
                let difference = largest_difference(&last, &alone.0);
                assert!(difference < 2e-5, "{network:?} on {count}: {difference}");
                let [told, row] = [&rows, &alone.1].map(|rows| *rows.last().unwrap());
                assert!((told.validation_error - row.validation_error).abs() < 1.5 / 101.0);
                assert!((told.validation_loss - row.validation_loss).abs() < 1e-3, "{told:?} {row:?}");
                assert!((told.train_loss - row.train_loss).abs() < 1e-4, "{told:?} {row:?}");
                assert!((told.penalty - row.penalty).abs() < 1e-4);
            }
        }
    }
}

/// `golden/ddp.py` trains the same by PyTorch's DistributedDataParallel.
#[test]
fn trainings_end_where_pytorchs_data_parallelism_ends() {
    let golden: Value = serde_json::from_str(include_str!("../golden/ddp.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let overrides: Vec<String> = serde_json::from_value(case["recipe"].clone()).unwrap();
        let recipe = updates::softmax(&overrides);
        let expected =
            ["weight", "bias"].map(|name| -> Vec<f64> { serde_json::from_value(case[name].clone()).unwrap() });
        let found = together(case["ranks"].as_u64().unwrap() as usize, |ranks| {
            let data = updates::arithmetic();
            let (plan, mut learner) = begun(&recipe, &data, &ranks);
            let mut last = Vec::new();
            let mut keep = |event: &Event<'_>| {
                if let Event::Stopped { learner, .. } = event {
                    last = ["output.weight", "output.bias"].map(|name| updates::numbers(&learner.model, name)).to_vec();
                }
                Ok(Continue(()))
            };
            fit(&plan, &data, &mut learner, &mut keep).unwrap();
            last
        });
        for rank in found {
            for (found, expected) in rank.iter().zip(&expected) {
                let difference = updates::largest_difference(found, expected);
                assert!(difference < 2e-6, "{overrides:?} on {}: {difference}", case["ranks"]);
            }
        }
    }
}

/// A share's figures are counted exactly, however the pictures are parted.
#[test]
fn validation_counts_every_picture_once() {
    for tail in ["keep", "drop"] {
        let tail = format!("evaluation.tail={tail}");
        let keys = ["learning_rate=1e-12", "limits.iterations=1", "data.validation=101", "evaluation.size=10", &tail];
        let (_, alone) = trained(&sure(&keys), &Ranks::Alone);
        for count in [2, 3] {
            for (_, rows) in together(count, |ranks| trained(&sure(&keys), &ranks)) {
                assert_eq!(rows[0].validation_error, alone[0].validation_error, "{tail} on {count}");
                assert_eq!(rows[0].validation_top_k_error, alone[0].validation_top_k_error);
                assert!((rows[0].validation_loss - alone[0].validation_loss).abs() < 1e-6);
            }
        }
    }
}

/// Trains in a folder that rank 0 keeps, from whatever it holds; with `stop`, rank 1 asks for the end at that minibatch.
fn in_folder(path: &std::path::Path, recipe: &Recipe, stop: Option<u64>) -> Vec<(Values, Outcome)> {
    together(2, |ranks| {
        let data = data(recipe);
        let plan = Plan::new(recipe, &data).unwrap().across(ranks.clone()).unwrap();
        let run = Identity::new("test", recipe);
        if ranks.rank() == 0 {
            let (learner, mut folder) = match path.join("last").exists() {
                false => (Learner::new(&plan, &data, Device::Cpu).unwrap(), RunFolder::create(path, recipe).unwrap()),
                true => {
                    let mut folder = RunFolder::open(path, &[]).unwrap();
                    (folder.load(&plan, &data, Device::Cpu).unwrap().0, folder)
                }
            };
            let mut learner = learner.of_first_rank(&plan, &run).unwrap();
            let outcome = fit(&plan, &data, &mut learner, &mut folder).unwrap();
            return (values(&learner), outcome);
        }
        let learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
        let mut learner = learner.of_first_rank(&plan, &run).unwrap();
        let outcome = fit(&plan, &data, &mut learner, &mut stop_at(stop.unwrap_or(u64::MAX))).unwrap();
        (values(&learner), outcome)
    })
}

#[test]
fn whoever_asks_for_the_end_ends_all_at_one_minibatch_and_the_run_resumes_bit_for_bit() {
    let root = tempfile::tempdir().unwrap();
    for (name, accumulate) in [("each", "gradients.accumulate=1"), ("gathered", "gradients.accumulate=3")] {
        let recipe = sure(&[accumulate, "stopping={ kind = \"patience\", patience = 10 }", "epochs=3"]);
        let (whole, parts) = (root.path().join(format!("{name}-whole")), root.path().join(format!("{name}-parts")));
        let undisturbed = in_folder(&whole, &recipe, None);
        let stopped = in_folder(&parts, &recipe, Some(7));
        let at = stopped[0].1.iterations;
        assert!((8..=10).contains(&at), "{at}");
        for (_, outcome) in &stopped {
            assert_eq!((outcome.stopped_by, outcome.iterations), (StoppedBy::Interrupt, at));
        }
        let resumed = in_folder(&parts, &recipe, None);
        for ((last, outcome), (expected, whole)) in resumed.iter().zip(&undisturbed) {
            assert!(last == expected, "{name}");
            let told = |it: &Outcome| (it.stopped_by, it.iterations, it.best);
            assert_eq!(told(outcome), told(whole), "{name}");
        }
        let table = |run: &std::path::Path| std::fs::read_to_string(run.join("metrics.csv")).unwrap();
        assert_eq!(table(&parts), table(&whole), "{name}");
        assert_eq!(
            std::fs::read_to_string(parts.join("steps.csv")).unwrap(),
            std::fs::read_to_string(whole.join("steps.csv")).unwrap()
        );
    }
}

#[test]
fn the_clock_of_rank_0_ends_all() {
    let recipe = sure(&["limits.minutes=0.0000001"]);
    let ends = together(2, |ranks| {
        let data = data(&recipe);
        let (plan, mut learner) = begun(&recipe, &data, &ranks);
        fit(&plan, &data, &mut learner, &mut ()).unwrap()
    });
    for end in ends {
        assert_eq!((end.stopped_by, end.iterations), (StoppedBy::Limit("minutes"), 2), "told with the second update");
    }
}

/// What each rank's training fails with after rank 1 has spoilt its own model.
fn spoilt(spoil: impl Fn(Tensor) -> Tensor + Sync) -> Vec<Error> {
    let recipe = sure(&[]);
    together(2, |ranks| {
        let data = data(&recipe);
        let (plan, mut learner) = begun(&recipe, &data, &ranks);
        if ranks.rank() == 1 {
            let mut values = learner.model.clone_values();
            let last = values.pop().unwrap();
            values.push((last.0, spoil(last.1)));
            learner.model.load_values(&values).unwrap();
        }
        fit(&plan, &data, &mut learner, &mut ()).unwrap_err()
    })
}

#[test]
fn a_divergence_on_one_rank_ends_all_with_its_words() {
    // Only its loss, by biases whose difference is infinite: the state is looked at before the first minibatch.
    let errors =
        spoilt(|it| (Tensor::arange(it.numel() as i64, (Kind::Float, Device::Cpu)).remainder(2) * 2 - 1) * 3e38);
    let [Error::Diverged(zero), Error::Diverged(one)] = errors.as_slice() else { panic!("{errors:?}") };
    assert_eq!((zero.iteration, zero.to_string()), (1, one.to_string()));
}

#[test]
fn a_rank_whose_model_differs_is_named() {
    for error in spoilt(|it| it * 1.000_001 + 1e-6) {
        let text = error.to_string();
        assert!(text.starts_with("after iteration 12 the model of rank 1 is not that of rank 0"), "{text}");
    }
}

#[test]
fn a_rank_that_fails_ends_the_others_at_once() {
    let recipe = sure(&[]);
    let clock = Instant::now();
    let errors = together(2, |ranks| {
        let data = data(&recipe);
        let (plan, mut learner) = begun(&recipe, &data, &ranks);
        let mut fails = |event: &Event<'_>| match event {
            Event::Trained { iteration: 5, .. } if ranks.rank() == 1 => Err("no more room".into()),
            _ => Ok(Continue(())),
        };
        let result = fit(&plan, &data, &mut learner, &mut fails);
        drop(ranks);
        result.unwrap_err().to_string()
    });
    assert!(errors[0].starts_with("rank 0 of 2: another rank has ended"), "{}", errors[0]);
    assert_eq!(errors[1], "no more room");
    assert!(clock.elapsed() < Duration::from_secs(20));
}

#[test]
fn reasons_not_to_go_on_reach_all() {
    let found = together(3, |ranks| {
        ranks.agree(None, PATIENCE).unwrap();
        let said: (u8, String) = ranks.say(2, &(ranks.rank() as u8, "word".to_owned())).unwrap();
        assert_eq!(said, (2, "word".to_owned()));
        let reason = (ranks.rank() > 0).then(|| format!("no pictures at {}", ranks.rank()));
        ranks.agree(reason.as_deref(), PATIENCE).unwrap_err().to_string()
    });
    assert_eq!(found, ["rank 1: no pictures at 1", "no pictures at 1", "rank 1: no pictures at 1"]);
    assert_eq!(Ranks::Alone.agree(Some("no"), PATIENCE).unwrap_err().to_string(), "no");
}

#[test]
fn what_several_ranks_cannot_train_is_told_before() {
    let refused = together(3, |ranks| {
        let across = |keys: &[&str]| {
            let recipe = sure(keys);
            match Plan::new(&recipe, &data(&recipe)).unwrap().across(ranks.clone()) {
                Err(Error::Mismatch(mismatch)) => mismatch,
                other => panic!("{other:?}"),
            }
        };
        // 600 = 46 * 13 + 2
        [
            across(&["minibatch.size=2"]),
            across(&["minibatch.size=13", "minibatch.tail=keep"]),
            across(&["precision=f16"]),
        ]
    });
    let [few, last, f16] = &refused[1];
    assert_eq!(*few, Mismatch::TooManyRanks { ranks: 3, smallest: 2, is_last: false });
    assert!(
        last.to_string().starts_with("the last minibatch of an epoch holds 2 pictures, fewer than the 3 ranks"),
        "{last}"
    );
    assert_eq!(*f16, Mismatch::RanksInF16);
}
