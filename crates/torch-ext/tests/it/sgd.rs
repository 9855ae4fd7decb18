//! The update in one pass against the formulas of its docs, worked out value by value in f64, on every instruction set.

use tch::{Device, Kind, Tensor};
use torch_ext::{Isa, SgdStep, sgd};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);
const STEP: SgdStep = SgdStep { rate: 0.25, l1: 0.0, l2: 0.0, momentum: 0.0, nesterov: false, first: false };

fn values(of: &Tensor) -> Vec<f64> {
    Vec::try_from(of.to_kind(Kind::Double)).unwrap()
}

/// One value's step: the new parameter and the new momentum.
fn formula(s: &SgdStep, w: f64, g: f64, v: Option<f64>) -> (f64, Option<f64>) {
    let sign = if w == 0.0 { 0.0 } else { w.signum() };
    let d = g + s.l1 * sign + 2.0 * s.l2 * w;
    let v = v.map(|v| if s.first { d } else { s.momentum * v + d });
    let along = match v {
        None => d,
        Some(v) if s.nesterov => d + s.momentum * v,
        Some(v) => v,
    };
    (w - s.rate * along, v)
}

#[test]
fn every_kind_of_step_is_the_formula_for_every_length() {
    let penalised = SgdStep { l1: 0.125, l2: 0.0625, ..STEP };
    let with_momentum = SgdStep { momentum: 0.875, ..penalised };
    for (step, has_momentum) in [
        (STEP, false),
        (penalised, false),
        (with_momentum, true),
        (SgdStep { nesterov: true, ..with_momentum }, true),
        (SgdStep { nesterov: true, first: true, ..with_momentum }, true),
    ] {
        for count in [0, 1, 15, 16, 17, 1000, 70_001] {
            tch::manual_seed(count);
            let [before, g, velocity] = [(); 3].map(|()| Tensor::randn([count], FLOAT));
            let before = before * Tensor::randint(2, [count], FLOAT); // zeros too, where the L1 penalty has no slope
            for isa in Isa::available() {
                let (mut w, mut v) = (before.copy(), velocity.copy());
                assert!(sgd(&mut w, &g, has_momentum.then_some(&mut v), &step, isa).unwrap());
                let moved = values(&w).into_iter().zip(values(&v));
                let were = values(&before).into_iter().zip(values(&g)).zip(values(&velocity));
                for (((w, g), v), found) in were.zip(moved) {
                    let (expected, momentum) = formula(&step, w, g, has_momentum.then_some(v));
                    // Numbers below 10, rounded at most four times.
                    let close = |found: f64, expected: f64| (found - expected).abs() < 10.0 * 4.0 * 2f64.powi(-24);
                    assert!(close(found.0, expected), "{step:?} of {count}, {isa:?}: {} for {expected}", found.0);
                    assert!(close(found.1, momentum.unwrap_or(v)), "momentum of {step:?}, {isa:?}");
                }
            }
        }
    }
}

#[test]
fn a_slope_that_is_not_finite_is_told_be_it_the_gradients_or_the_penaltys() {
    for count in [1, 16, 17, 70_001] {
        let w = Tensor::full([count], 2.0, FLOAT);
        let odd = |value: f64| {
            let g = Tensor::ones([count], FLOAT);
            let _ = g.get(count - 1).fill_(value);
            g
        };
        for isa in Isa::available() {
            let finite = |g: &Tensor, l2: f64| sgd(&mut w.copy(), g, None, &SgdStep { l2, ..STEP }, isa).unwrap();
            assert!(finite(&odd(1.0), 1e37));
            assert!(!finite(&odd(f64::NAN), 0.0) && !finite(&odd(f64::INFINITY), 0.0), "{count}, {isa:?}");
            assert!(!finite(&odd(1.0), 1.5e38), "2 * 1.5e38 * 2 is beyond f32");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_has_moved() {
    let (w, g) = (Tensor::ones([4, 3], FLOAT), Tensor::ones([4, 3], FLOAT));
    for (mut w, g, v) in [
        (w.copy(), g.narrow(0, 0, 3), None),
        (w.copy(), g.to_kind(Kind::Double), None),
        (w.copy(), g.copy(), Some(Tensor::ones([3, 4], FLOAT))),
        (w.copy().tr(), g.copy().tr(), None),
    ] {
        let before = w.copy();
        let message = sgd(&mut w, &g, v.map(|v| v.copy()).as_mut(), &STEP, Isa::best()).unwrap_err().to_string();
        assert!(message.contains("of one shape, contiguous, Float, on the CPU"), "{message}");
        assert_eq!(w, before);
    }
}
