//! Numbers in messages and on pages.

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

/// A number, not negative, rounded to a whole one and with its thousands apart.
///
/// ```
/// assert_eq!([999.5, 1_234_567.4].map(values::thousands), ["1,000", "1,234,567"]);
/// ```
pub fn thousands(number: f64) -> String {
    let digits = (number.round() as u64).to_string();
    let is_apart = |place: usize| place > 0 && (digits.len() - place).is_multiple_of(3);
    digits.char_indices().flat_map(|(place, digit)| is_apart(place).then_some(',').into_iter().chain([digit])).collect()
}

/// A learning rate with three digits that matter.
///
/// ```
/// assert_eq!([0.125, 0.00299765, 2.5e-6].map(values::rate), ["0.125", "0.003", "2.5e-6"]);
/// ```
pub fn rate(rate: f64) -> String {
    let digits = format!("{rate:.2e}");
    let short = digits.parse::<f64>().unwrap_or(rate);
    if short >= 1e-4 { short.to_string() } else { format!("{short:e}") }
}

/// Seconds as people say them.
///
/// ```
/// assert_eq!([8.26, 125.0, 3720.0].map(values::duration), ["8.3 s", "2 min 05 s", "1 h 02 min"]);
/// ```
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, percent, rate, short, thousands};
    use proptest::prelude::*;

    #[test]
    fn numbers_are_short_at_any_size() {
        let cases = [0.0, -0.0, 1e-4, 9.9e-5, 999_999.0, 1e6, -1e308, 5e-324, f64::INFINITY, f64::NAN];
        let words = ["0", "-0", "0.0001", "9.9e-5", "999999", "1e6", "-1e308", "5e-324", "inf", "NaN"];
        assert_eq!(cases.map(short), words);
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(percent(0.0092), "0.92 %");
        assert_eq!([0.125, 0.1, 0.00299765, 2.5e-6, 0.0].map(rate), ["0.125", "0.1", "0.003", "2.5e-6", "0e0"]);
        assert_eq!([0.0, 999.0, 1e3, 12_345.0, 123_456.0].map(thousands), ["0", "999", "1,000", "12,345", "123,456"]);
        assert_eq!(thousands(1_234_567.4), "1,234,567");
        assert_eq!([8.26, 125.0, 3720.0].map(duration), ["8.3 s", "2 min 05 s", "1 h 02 min"]);
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
