//! Numbers in messages.

/// A number in the shortest digits that mean it: as people write it from 0.0001 up to a million, with an exponent beyond.
///
/// ```
/// assert_eq!([0.1, 255.0, 1e300, 2.5e-7].map(values::short), ["0.1", "255", "1e300", "2.5e-7"]);
/// ```
pub fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() || (1e-4..1e6).contains(&value.abs()) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// A fraction as a percentage with two decimals.
///
/// ```
/// assert_eq!(values::percent(0.0092), "0.92 %");
/// ```
pub fn percent(fraction: f64) -> String {
    format!("{:.2} %", fraction * 100.0)
}

/// A tensor's shape.
///
/// ```
/// assert_eq!(values::shape(&[1, 20, 24, 24]), "(1, 20, 24, 24)");
/// ```
pub fn shape(sizes: &[i64]) -> String {
    let sizes: Vec<String> = sizes.iter().map(i64::to_string).collect();
    format!("({})", sizes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::short;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_short_at_any_size() {
        let cases = [0.0, -0.0, 1e-4, 9.9e-5, 999_999.0, 1e6, -1e308, 5e-324, f64::INFINITY, f64::NAN];
        let words = ["0", "-0", "0.0001", "9.9e-5", "999999", "1e6", "-1e308", "5e-324", "inf", "NaN"];
        assert_eq!(cases.map(short), words);
    }

    proptest! {
        #[test]
        fn a_short_number_is_read_back_as_itself(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = short(value);
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits);
            prop_assert!(text.len() <= 24, "{}", text);
        }
    }
}
