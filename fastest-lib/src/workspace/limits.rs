//! Limits of time and memory, as people write them.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A number of seconds, such as `60` or `0.5`.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.trim().parse().ok()?).ok()
}

/// A number of bytes, alone or with a unit of 1024 or its powers: `1500000`, `512M`, `1.5 GiB`. None
/// for anything else, and for nothing.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let unit = unit.trim().to_ascii_lowercase();
    let unit = unit
        .strip_suffix("ib")
        .or(unit.strip_suffix('b'))
        .unwrap_or(&unit);
    let shift = match unit {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * f64::from(shift).exp2();
    // More than there are addresses is a mistake as well.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (1.0..=48f64.exp2())
        .contains(&bytes)
        .then_some(bytes as u64)
}

/// A setting of seconds.
pub(super) fn seconds_setting<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    let wrong = |_| de::Error::custom(format!("needs seconds, not `{seconds}`"));
    Duration::try_from_secs_f64(seconds)
        .map(Some)
        .map_err(wrong)
}

/// A setting of bytes.
pub(super) fn size_setting<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || de::Error::custom(format!("needs a size such as \"512M\", not `{text}`"));
    parse_size(&text).map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_1024() {
        let check = |text, expected| assert_eq!(parse_size(text), expected, "{text}");
        check("1500000", Some(1_500_000));
        check("512M", Some(512 << 20));
        check("1.5 GiB", Some(3 << 29));
        check(" 2kb ", Some(2048));
        check("1T", Some(1 << 40));
        for wrong in ["", "M", "0", "-1", "5X", "1.2.3", "9999999T", "nan"] {
            check(wrong, None);
        }
    }

    #[test]
    fn seconds_may_have_fractions() {
        let check = |text, expected| assert_eq!(seconds(text), expected, "{text}");
        check("60", Some(Duration::from_secs(60)));
        check(" 0.25", Some(Duration::from_millis(250)));
        for wrong in ["", "-1", "nan", "inf", "long"] {
            check(wrong, None);
        }
    }
}
