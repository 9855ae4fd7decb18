//! Numbers in messages.

/// A number with its thousands apart, such as `10,234`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_stand_apart() {
        let numbers = [0, 999, 1_000, 65_535, 123_456, 1_234_567].map(super::thousands);
        assert_eq!(numbers, ["0", "999", "1,000", "65,535", "123,456", "1,234,567"]);
    }
}
