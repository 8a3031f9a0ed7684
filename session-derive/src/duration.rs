//! Durations, as `ttl` has them.

/// The milliseconds of a text such as `"30s"`, `"15m"`, `"12h"` or `"7d"`. `None` for zero and any
/// other text.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let unit = text.chars().next_back()?;
    let number = &text[..text.len() - unit.len_utf8()];
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    // `parse` accepts a plus sign, too.
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|number| is_number && *number > 0)?;
    number.checked_mul(seconds)?.checked_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_number_and_a_unit() {
        let durations = ["30s", "15m", "12h", "7d"].map(parse);
        assert_eq!(durations, [Some(30_000), Some(900_000), Some(43_200_000), Some(604_800_000)]);
    }

    #[test]
    fn nothing_else() {
        for text in [
            "",
            "s",
            "0s",
            "-1s",
            "+1s",
            "1",
            "1.5h",
            "5 m",
            "5 monkeys",
            "1ms",
            "99999999999999999d",
            "1\u{e9}",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
