//! Figures against those of scikit-learn and SciPy (`golden/metrics.py`), and what must hold of any answers.

use approx::assert_relative_eq;
use metrics::{Answers, Calibration, Error, Figures, RejectCurve, Temperature};
use metrics::{average_precision, bootstrap, roc_auc, wilson};
use proptest::prelude::*;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/metrics.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn answers(golden: &Value) -> Answers {
    let labels = serde_json::from_value(golden["labels"].clone()).unwrap();
    Answers::new(4, numbers(&golden["logits"]), labels).unwrap()
}

#[test]
fn intervals_are_those_of_scipy() {
    for row in golden()["wilson"].as_array().unwrap() {
        let row = numbers(row);
        let interval = wilson(row[0] as usize, row[1] as usize);
        assert_relative_eq!(interval.low, row[2], epsilon = 1e-12);
        assert_relative_eq!(interval.high, row[3], epsilon = 1e-12);
    }
    assert_eq!((wilson(0, 0).low, wilson(0, 0).high), (0.0, 1.0));
}

#[test]
fn figures_of_classes_are_those_of_scikit_learn() {
    let golden = golden();
    let confusion = answers(&golden).confusion().unwrap();
    assert_relative_eq!(confusion.balanced_accuracy().unwrap(), golden["balanced_accuracy"].as_f64().unwrap());
    assert_relative_eq!(confusion.macro_average().unwrap().f1, golden["macro_f1"].as_f64().unwrap());
    let expected = numbers(&golden["precision"]).into_iter().zip(numbers(&golden["recall"]));
    for (class, (precision, recall)) in confusion.per_class().iter().zip(expected) {
        assert_relative_eq!(class.precision.unwrap(), precision);
        assert_relative_eq!(class.recall.unwrap(), recall);
    }
}

#[test]
fn areas_are_those_of_scikit_learn() {
    let golden = golden();
    let answers = answers(&golden);
    let probabilities = answers.probabilities(1.0);
    for class in 0..4 {
        let scores: Vec<f64> = probabilities.iter().map(|row| row[class]).collect();
        let is_class: Vec<bool> = answers.labels().iter().map(|&label| label == class).collect();
        assert_relative_eq!(roc_auc(&scores, &is_class).unwrap(), numbers(&golden["roc_auc"])[class], epsilon = 1e-12);
        let area = average_precision(&scores, &is_class).unwrap();
        assert_relative_eq!(area, numbers(&golden["average_precision"])[class], epsilon = 1e-12);
    }
    let tied = &golden["tied"];
    let is_class: Vec<bool> = answers.labels().iter().map(|&label| label == 1).collect();
    let (scores, roc) = (numbers(&tied["scores"]), tied["roc_auc"].as_f64().unwrap());
    assert_relative_eq!(roc_auc(&scores, &is_class).unwrap(), roc, epsilon = 1e-12);
    let area = tied["average_precision"].as_f64().unwrap();
    assert_relative_eq!(average_precision(&scores, &is_class).unwrap(), area, epsilon = 1e-12);
    assert_eq!(roc_auc(&[0.1, 0.2], &[true, true]), None);
    assert_eq!(average_precision(&[0.1, 0.2], &[false, false]), None);
}

#[test]
fn the_temperature_is_where_scipy_finds_the_lowest_loss() {
    let golden = golden();
    let answers = answers(&golden);
    let fitted = Temperature::fit(&answers);
    assert_relative_eq!(fitted.value(), golden["temperature"].as_f64().unwrap(), max_relative = 1e-6);
    for (place, temperature) in [Temperature::ONE, fitted].into_iter().enumerate() {
        let measured = Calibration::measure(&answers, temperature);
        assert_relative_eq!(measured.loss, numbers(&golden["loss"])[place], epsilon = 1e-9);
        assert_relative_eq!(measured.error, numbers(&golden["calibration_error"])[place], epsilon = 1e-5);
        assert_eq!(measured.bins.iter().map(|bin| bin.pictures).sum::<usize>(), 157);
    }
}

#[test]
fn all_figures_together_are_the_single_ones() {
    let golden = golden();
    let answers = answers(&golden);
    let figures = Figures::of(&answers, Temperature::fit(&answers), 7);
    assert_relative_eq!(figures.balanced_accuracy.unwrap(), golden["balanced_accuracy"].as_f64().unwrap());
    let mean = |value: &Value| numbers(value).iter().sum::<f64>() / 4.0;
    assert_relative_eq!(figures.roc_auc.unwrap(), mean(&golden["roc_auc"]), epsilon = 1e-12);
    assert_relative_eq!(figures.average_precision.unwrap(), mean(&golden["average_precision"]), epsilon = 1e-12);
    let interval = figures.balanced_accuracy_interval.unwrap();
    assert!(interval.low < figures.balanced_accuracy.unwrap() && figures.balanced_accuracy.unwrap() < interval.high);
    assert_eq!(figures.accuracy_interval, wilson(figures.right, 157));
}

#[test]
fn bad_input_is_told() {
    assert!(matches!(Answers::new(2, vec![], vec![]), Err(Error::Empty { .. })));
    assert!(matches!(Answers::new(2, vec![0.0], vec![0]), Err(Error::Logits { found: 1, .. })));
    assert!(matches!(Answers::new(2, vec![0.0, 1.0], vec![2]), Err(Error::Label { label: 2, .. })));
    let told = Answers::new(1, vec![0.0, f64::NAN], vec![0, 0]).unwrap_err().to_string();
    assert!(told.contains("picture 1"), "{told}");
}

#[test]
fn an_answer_is_withheld_where_too_many_were_wrong() {
    // Sure to unsure: right, right, wrong, right, wrong.
    let margins = [5.0, 4.0, 3.0, 2.0, 1.0];
    let logits = margins.iter().flat_map(|&margin| [margin, 0.0]).collect();
    let answers = Answers::new(2, logits, vec![0, 0, 1, 0, 1]).unwrap();
    let curve = RejectCurve::of(&answers, Temperature::ONE);
    let at = |wrong| curve.at(wrong).unwrap();
    assert_eq!((at(0.0).answered, at(0.0).wrong), (0.4, 0.0));
    assert_eq!((at(0.25).answered, at(0.25).wrong), (0.8, 0.25));
    assert_eq!((at(0.5).answered, at(0.5).wrong), (1.0, 0.4));
    assert_relative_eq!(at(0.0).probability, 1.0 / (1.0 + (-4.0_f64).exp()));
    let never = Answers::new(2, vec![5.0, 0.0], vec![1]).unwrap();
    assert_eq!(RejectCurve::of(&never, Temperature::ONE).at(0.5), None);
}

#[test]
fn the_bootstrap_of_a_mean_is_its_normal_interval() {
    // Standard error of the mean of 0..400 numbers spread evenly over 0 to 1: sqrt(1/12/400) = 0.01443.
    let values: Vec<f64> = (0..400).map(|i| (f64::from(i) + 0.5) / 400.0).collect();
    let mean = |places: &[usize]| Some(places.iter().map(|&it| values[it]).sum::<f64>() / places.len() as f64);
    let interval = bootstrap(400, 1, mean).unwrap();
    assert_relative_eq!(interval.low, 0.5 - 1.96 * 0.01443, epsilon = 0.004);
    assert_relative_eq!(interval.high, 0.5 + 1.96 * 0.01443, epsilon = 0.004);
    assert_eq!(bootstrap(400, 1, mean), Some(interval));
    assert_eq!(bootstrap(0, 1, |_| Some(1.0)), None);
    assert_eq!(bootstrap(3, 1, |_| None), None);
}

/// A long curve is thinned; its last point still tells of all pictures.
#[test]
fn a_long_curve_keeps_its_end() {
    let logits = (0..5003).flat_map(|i| [f64::from(i) / 1000.0, 0.0]).collect();
    let answers = Answers::new(2, logits, (0..5003).map(|i| i % 2).collect()).unwrap();
    let points = RejectCurve::of(&answers, Temperature::ONE).points;
    assert!(points.len() <= 1001, "{}", points.len());
    let last = points.last().unwrap();
    assert_eq!((last.answered, last.wrong), (1.0, 2501.0 / 5003.0));
}

proptest! {
    #[test]
    fn an_interval_holds_its_share(of in 1_usize..5000, part in 0.0..=1.0) {
        let hits = (of as f64 * part) as usize;
        let interval = wilson(hits, of);
        let share = hits as f64 / of as f64;
        prop_assert!(0.0 <= interval.low && interval.low <= share && share <= interval.high && interval.high <= 1.0);
    }

    #[test]
    fn no_temperature_nearby_is_better(rows in prop::collection::vec((prop::array::uniform3(-9.0..9.0), 0_usize..3), 1..40)) {
        let labels = rows.iter().map(|row| row.1).collect();
        let answers = Answers::new(3, rows.iter().flat_map(|row| row.0).collect(), labels).unwrap();
        let fitted = Temperature::fit(&answers);
        let loss = |value: f64| Temperature::new(value).map(|it| Calibration::measure(&answers, it).loss);
        let best = loss(fitted.value()).unwrap();
        for other in [0.9, 0.99, 1.01, 1.1] {
            prop_assert!(loss(fitted.value() * other).is_none_or(|other| other >= best - 1e-9));
        }
    }
}
