//! Numbers and strings as Python writes them.

/// `repr(float)`: the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.
#[must_use]
pub fn repr(value: f64) -> String {
    if !value.is_finite() {
        let words = if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        };
        return words.to_owned();
    }
    let magnitude = value.abs();
    if value == 0.0 || (1e-4..1e16).contains(&magnitude) {
        // Rust's shortest digits are Python's; the debug form keeps ".0" and has no exponent in this range but the one
        // that begins at 1e-5, which is outside.
        return format!("{value:?}");
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>2}")
}

/// `json.dumps(str)`: in quotes, anything but printable ASCII escaped, beyond the first plane as two halves.
#[must_use]
pub fn json_string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for sign in text.chars() {
        match sign {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            ' '..='\u{7e}' => json.push(sign),
            other => {
                let mut halves = [0; 2];
                for half in other.encode_utf16(&mut halves) {
                    json.push_str(&format!("\\u{half:04x}"));
                }
            }
        }
    }
    json.push('"');
    json
}

/// `numpy.mean` of f64, which adds pairwise and not from left to right. `None` of nothing.
#[must_use]
pub fn pairwise_mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| pairwise_sum(values) / values.len() as f64)
}

/// numpy's `pairwise_sum`: up to 128 numbers in eight running sums, more in halves of a multiple of eight.
fn pairwise_sum(values: &[f64]) -> f64 {
    let count = values.len();
    if count < 8 {
        return values.iter().fold(0.0, |sum, value| sum + value);
    }
    if count <= 128 {
        let whole = count - count % 8;
        let mut sums = [0.0; 8];
        sums.copy_from_slice(&values[..8]);
        for eight in values[8..whole].chunks_exact(8) {
            sums.iter_mut().zip(eight).for_each(|(sum, value)| *sum += value);
        }
        let [a, b, c, d, e, f, g, h] = sums;
        let sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
        return values[whole..].iter().fold(sum, |sum, value| sum + value);
    }
    let half = count / 2 - count / 2 % 8;
    pairwise_sum(&values[..half]) + pairwise_sum(&values[half..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_as_python_prints_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e-4, "0.0001"),
            (0.000_099, "9.9e-05"),
            (1.5e-7, "1.5e-07"),
            (5e-324, "5e-324"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (-1.25e100, "-1.25e+100"),
            (123_456_789.125, "123456789.125"),
        ] {
            assert_eq!(repr(value), text);
        }
    }

    #[test]
    fn strings_are_escaped_as_python_does() {
        assert_eq!(json_string("a \"b\"\\\n\u{7f}é😀"), r#""a \"b\"\\\n\u007f\u00e9\ud83d\ude00""#);
    }

    #[test]
    fn pairwise_sums_add_in_numpys_order() {
        // What numpy.mean says; running sums give ..052, ..331673 and ..324318.
        let mean =
            |count: u32, f: fn(f64) -> f64| pairwise_mean(&(1..=count).map(|i| f(f64::from(i))).collect::<Vec<_>>());
        assert_eq!(mean(300, |_| 0.1), Some(0.099_999_999_999_999_99));
        assert_eq!(mean(300, |i| 1.0 / i), Some(0.020_942_212_934_331_68));
        assert_eq!(mean(1000, |i| 1.0 / i.sqrt()), Some(0.061_801_008_765_243_234));
        assert_eq!(pairwise_mean(&[]), None);
        assert_eq!(pairwise_mean(&[1.0, 2.0, 3.0]), Some(2.0));
    }
}
