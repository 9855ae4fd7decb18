//! Schedules against PyTorch's schedulers and against arithmetic; no libtorch needed.

use approx::assert_relative_eq;
use optim::{Anneal, Position, Schedule};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/golden.json")).unwrap()
}

fn at(step: u64, steps_per_epoch: u64, total_steps: u64) -> Position {
    Position { step, steps_per_epoch, total_steps }
}

#[test]
fn every_schedule_gives_pytorch_s_rates_step_by_step() {
    let golden = golden();
    let cases = golden["schedules"].as_array().unwrap();
    assert!(cases.len() >= 19);
    for case in cases {
        let schedule: Schedule = serde_json::from_value(case["schedule"].clone()).unwrap();
        schedule.check().unwrap();
        let whole = |key: &str| case[key].as_u64().unwrap();
        let rates = case["rates"].as_array().unwrap();
        assert_eq!(rates.len() as u64, whole("total_steps"));
        for (step, expected) in rates.iter().enumerate() {
            let at = at(step as u64, whole("steps_per_epoch"), whole("total_steps"));
            let rate = schedule.rate(case["base"].as_f64().unwrap(), at);
            println!("{} step {step}", case["schedule"]);
            assert_relative_eq!(rate, expected.as_f64().unwrap(), max_relative = 1e-9, epsilon = 1e-15);
        }
    }
}

#[test]
fn the_tutorial_s_inverse_time_decays_per_epoch_and_not_within_one() {
    let schedule = Schedule::InverseTime { decay: 1e-3 };
    assert_eq!(schedule.rate(0.13, at(0, 83, 83_000)), 0.13);
    assert_eq!(schedule.rate(0.13, at(82, 83, 83_000)), 0.13);
    assert_relative_eq!(schedule.rate(0.13, at(83, 83, 83_000)), 0.13 / 1.001);
    assert_relative_eq!(schedule.rate(0.13, at(83_000, 83, 83_000)), 0.065);
}

#[test]
fn a_warm_up_never_starts_at_zero_and_reaches_the_base_rate_once() {
    let schedule = Schedule::Cosine { final_fraction: 0.0, warm_up_epochs: 1.0 };
    let rates: Vec<f64> = (0..12).map(|step| schedule.rate(1.0, at(step, 4, 12))).collect();
    for (step, expected) in [0.2, 0.4, 0.6, 0.8, 1.0].iter().enumerate() {
        assert_relative_eq!(rates[step], expected);
    }
    assert_relative_eq!(rates[8], 0.5);
    assert_eq!(rates.iter().filter(|rate| **rate == 1.0).count(), 1);
}

#[test]
fn one_cycle_peaks_where_it_should_and_ends_at_its_final_rate() {
    for anneal in [Anneal::Linear, Anneal::Cosine] {
        let schedule = Schedule::OneCycle { warm_up_fraction: 0.25, start_fraction: 0.1, final_fraction: 0.01, anneal };
        let rate = |step| schedule.rate(2.0, at(step, 10, 100));
        assert_relative_eq!(rate(0), 0.2);
        assert_relative_eq!(rate(24), 2.0);
        assert_relative_eq!(rate(99), 0.02);
        assert!((0..24).all(|step| rate(step) < rate(step + 1)));
        assert!((24..99).all(|step| rate(step) > rate(step + 1)));
    }
    let linear =
        Schedule::OneCycle { warm_up_fraction: 0.0, start_fraction: 0.1, final_fraction: 0.0, anneal: Anneal::Linear };
    // Without a warm-up it starts at its peak.
    assert_eq!(linear.rate(1.0, at(0, 1, 5)), 1.0);
    assert_relative_eq!(linear.rate(1.0, at(1, 1, 5)), 0.75);
}

#[test]
fn rates_stay_finite_and_between_zero_and_the_base_at_every_odd_position() {
    let cycle = |warm_up_fraction, anneal| Schedule::OneCycle {
        warm_up_fraction,
        start_fraction: 0.04,
        final_fraction: 4e-6,
        anneal,
    };
    let schedules = [
        Schedule::Constant,
        Schedule::InverseTime { decay: 10.0 },
        Schedule::Step { every: 1, factor: 0.5 },
        Schedule::Step { every: 1_000_000_000, factor: 1.0 },
        Schedule::Cosine { final_fraction: 0.1, warm_up_epochs: 0.0 },
        Schedule::Cosine { final_fraction: 0.0, warm_up_epochs: 50.0 },
        cycle(0.0, Anneal::Linear),
        cycle(0.3, Anneal::Cosine),
        cycle(1.0, Anneal::Linear),
        cycle(1.0, Anneal::Cosine),
    ];
    for schedule in schedules {
        schedule.check().unwrap();
        for steps_per_epoch in [0, 1, 7] {
            for total_steps in [0, 1, 2, 3, 100] {
                for step in [0, 1, 2, 3, 50, 99, 100, 1_000_000, u64::MAX] {
                    let at = at(step, steps_per_epoch, total_steps);
                    let rate = schedule.rate(0.5, at);
                    assert!((0.0..=0.5).contains(&rate), "{schedule:?} {at:?}: {rate}");
                }
            }
        }
    }
}

#[test]
fn past_the_last_step_the_final_rate_holds() {
    let cosine = Schedule::Cosine { final_fraction: 0.1, warm_up_epochs: 0.0 };
    let cycle =
        Schedule::OneCycle { warm_up_fraction: 0.3, start_fraction: 0.1, final_fraction: 0.1, anneal: Anneal::Linear };
    for step in [100, 101, 5000] {
        assert_relative_eq!(cosine.rate(1.0, at(step, 10, 100)), 0.1);
        assert_relative_eq!(cycle.rate(1.0, at(step, 10, 100)), 0.1);
    }
}

#[test]
fn a_recipe_names_each_schedule_and_gets_the_documented_defaults() {
    #[track_caller]
    fn check(text: &str, expected: Schedule) {
        let schedule: Schedule = toml::from_str(text).unwrap();
        assert_eq!(schedule, expected);
        schedule.check().unwrap();
        let written = toml::to_string(&schedule).unwrap();
        assert_eq!(toml::from_str::<Schedule>(&written).unwrap(), expected, "{written}");
    }
    check("kind = 'constant'", Schedule::Constant);
    check("kind = 'inverse-time'", Schedule::InverseTime { decay: 0.001 });
    check("kind = 'step'\nevery = 5", Schedule::Step { every: 5, factor: 0.1 });
    check("kind = 'cosine'", Schedule::Cosine { final_fraction: 0.0, warm_up_epochs: 0.0 });
    check("kind = 'cosine'\nwarm_up_epochs = 2", Schedule::Cosine { final_fraction: 0.0, warm_up_epochs: 2.0 });
    let cycle =
        |anneal| Schedule::OneCycle { warm_up_fraction: 0.3, start_fraction: 0.04, final_fraction: 0.000004, anneal };
    check("kind = 'one-cycle'", cycle(Anneal::Cosine));
    check("kind = 'one-cycle'\nanneal = 'linear'", cycle(Anneal::Linear));
}

#[test]
fn a_recipe_with_an_unknown_or_missing_key_is_refused_by_name() {
    #[track_caller]
    fn check(text: &str, named: &str) {
        let message = toml::from_str::<Schedule>(text).unwrap_err().to_string();
        assert!(message.contains(named), "{message}");
    }
    check("kind = 'constant'\ndecay = 0.1", "decay");
    check("kind = 'cosine'\nfactor = 0.1", "factor");
    check("kind = 'step'\nfactor = 0.1", "every");
    check("kind = 'step'\nevery = -1", "-1");
    check("kind = 'linear'", "linear");
    check("every = 1", "kind");
    check("kind = 'one-cycle'\nanneal = 'quadratic'", "quadratic");
}

#[test]
fn a_number_out_of_range_is_refused_with_its_key_value_and_range() {
    #[track_caller]
    fn check(schedule: Schedule, message: &str) {
        assert_eq!(schedule.check().unwrap_err().to_string(), message);
    }
    let cosine = |final_fraction, warm_up_epochs| Schedule::Cosine { final_fraction, warm_up_epochs };
    let cycle = |warm_up_fraction, start_fraction, final_fraction| Schedule::OneCycle {
        warm_up_fraction,
        start_fraction,
        final_fraction,
        anneal: Anneal::Linear,
    };
    check(Schedule::InverseTime { decay: -0.1 }, "`decay` is -0.1, but must be at least 0 and at most 1e9");
    check(Schedule::InverseTime { decay: f64::NAN }, "`decay` is NaN, but must be at least 0 and at most 1e9");
    check(Schedule::InverseTime { decay: f64::INFINITY }, "`decay` is inf, but must be at least 0 and at most 1e9");
    check(Schedule::Step { every: 0, factor: 0.5 }, "`every` is 0, but must be a whole number from 1 to 10^9 epochs");
    check(Schedule::Step { every: 1, factor: 0.0 }, "`factor` is 0, but must be above 0 and at most 1");
    check(Schedule::Step { every: 1, factor: 2.0 }, "`factor` is 2, but must be above 0 and at most 1");
    check(cosine(1.5, 0.0), "`final_fraction` is 1.5, but must be at least 0 and at most 1");
    check(cosine(0.0, -1.0), "`warm_up_epochs` is -1, but must be at least 0 and at most 1e9");
    check(cycle(1.1, 0.1, 0.1), "`warm_up_fraction` is 1.1, but must be at least 0 and at most 1");
    check(cycle(0.3, 2.0, 0.1), "`start_fraction` is 2, but must be at least 0 and at most 1");
    check(cycle(0.3, 0.1, f64::NAN), "`final_fraction` is NaN, but must be at least 0 and at most 1");
}

#[test]
fn an_exponential_multiplies_the_rate_after_every_minibatch_both_ways() {
    let rate = |factor: f64, step| Schedule::Exponential { factor }.rate(0.1, at(step, 10, 100));
    assert_eq!((rate(0.5, 0), rate(0.5, 1), rate(0.5, 3)), (0.1, 0.05, 0.0125));
    assert_relative_eq!(rate(10f64.powf(0.25), 12), 100.0, max_relative = 1e-12);
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        Schedule::Exponential { factor: wrong }.check().unwrap_err();
    }
}
