//! Numbers as readers expect them: no more digits than they need, in per cent where asked.

/// How numbers are written beside an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Unit {
    /// As they are.
    #[default]
    Plain,
    /// Fractions as per cent: 0.0092 as 0.92 %.
    Percent,
}

/// A single number with about four significant digits.
pub(crate) fn precise(value: f64, unit: Unit) -> String {
    let value = if unit == Unit::Percent { value * 100.0 } else { value };
    let step = match value {
        v if v == 0.0 || v.fract() == 0.0 => 1.0,
        v => 10f64.powf(v.abs().log10().floor() - 3.0).min(1.0),
    };
    let text = written(value, step);
    let text = match text.contains('.') && !text.contains('e') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    };
    with_unit(text, unit)
}

/// Three significant digits, in exponent form where plain digits would be long.
pub(crate) fn brief(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if !(1e-3..1e5).contains(&size) => format!("{value:.2e}"),
        size => {
            let digits = (2.0 - size.log10().floor()).clamp(0.0, 5.0) as usize;
            format!("{value:.digits$}")
        }
    }
}

/// `text` with the sign of its unit.
pub(crate) fn with_unit(text: String, unit: Unit) -> String {
    match unit {
        Unit::Plain => text,
        Unit::Percent => text + "\u{a0}%",
    }
}

/// `value` with as many digits as tell it from its neighbours, `step` away; with no step, as few as it needs.
pub(crate) fn written(value: f64, step: f64) -> String {
    // A tick at zero may be off by a rounding error.
    let value = if value.abs() < step.abs() * 1e-6 { 0.0 } else { value };
    let size = value.abs();
    if size == 0.0 && step != 0.0 && step < 1e-4 {
        return "0".into();
    }
    if size != 0.0 && !(1e-4..1e7).contains(&size) && (step == 0.0 || step.abs() < 1e-4 || size >= 1e7) {
        let text = format!("{value:.2e}");
        return match text.split_once('e') {
            Some((digits, power)) => {
                format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'))
            }
            None => text,
        };
    }
    let digits = if step == 0.0 {
        (-size.max(1e-9).log10().floor()).max(0.0)
    } else {
        (-(step.abs() * 1.001).log10().floor()).max(0.0)
    };
    let text = format!("{value:.*}", digits as usize);
    let text = if text.trim_start_matches('-').chars().all(|c| matches!(c, '0' | '.')) {
        text.trim_start_matches('-').to_owned()
    } else {
        text
    };
    grouped(&text)
}

/// Whole numbers of four digits and more in groups of three, parted by commas.
pub(crate) fn grouped(text: &str) -> String {
    let digits = text.trim_start_matches('-').split('.').next().unwrap_or("");
    if digits.len() < 4 {
        return text.to_owned();
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let rest = text.split_once('.').map_or(String::new(), |(_, rest)| format!(".{rest}"));
    let letters: Vec<char> = digits.chars().collect();
    let groups: Vec<String> = letters.rchunks(3).rev().map(|g| g.iter().collect()).collect();
    format!("{sign}{}{rest}", groups.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_significant_digits_or_fewer_and_per_cent_when_asked() {
        assert_eq!(precise(0.0092, Unit::Percent), "0.92\u{a0}%");
        assert_eq!(precise(17800.0, Unit::Plain), "17,800");
        assert_eq!(precise(0.07489583, Unit::Percent), "7.49\u{a0}%");
        assert_eq!(precise(2e-7, Unit::Plain), "2e-7");
    }

    #[test]
    fn numbers_have_three_significant_digits() {
        let check = |value, want| assert_eq!(brief(value), want);
        check(0.0, "0");
        check(0.123_45, "0.123");
        check(-0.012_345, "-0.0123");
        check(1.0, "1.00");
        check(255.0, "255");
        check(1.5e-7, "1.50e-7");
        check(-2.5e6, "-2.50e6");
    }
}
