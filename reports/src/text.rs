//! Numbers and lists as people read them. One place, so that the page, the terminal and the summary agree.

use crate::statistics::Interval;

/// What stands where there is no number.
pub(crate) const ABSENT: &str = "–";

/// A fraction in percent with one decimal, "81.2".
pub(crate) fn percent(value: f64) -> String {
    minus(format!("{:.1}", value * 100.0))
}

/// The same with its sign, "+3.1", for differences in percentage points.
pub(crate) fn signed(value: f64) -> String {
    minus(format!("{:+.1}", value * 100.0))
}

/// An interval in percent, "79.0 to 83.4".
pub(crate) fn range(interval: Interval) -> String {
    format!("{} to {}", percent(interval.low), percent(interval.high))
}

/// The ends of what a number can be, "60.9 and 61.6".
pub(crate) fn between(bounds: Interval) -> String {
    format!("{} and {}", percent(bounds.low), percent(bounds.high))
}

/// An interval of a difference, "+1.0 to +5.2".
pub(crate) fn signed_range(interval: Interval) -> String {
    format!("{} to {}", signed(interval.low), signed(interval.high))
}

/// A p-value, "0.031", "< 0.001".
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// A typographic minus, and no minus at all on a rounded zero.
fn minus(text: String) -> String {
    match text.as_str() {
        "-0.0" => "0.0".into(),
        "+0.0" => "0.0".into(),
        _ => text.replace('-', "−"),
    }
}

/// An integer with thousands separated, "18,000".
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "1 image", "2 images".
pub(crate) fn counted(value: u64, singular: &str) -> String {
    format!("{} {singular}{}", grouped(value), if value == 1 { "" } else { "s" })
}

/// A number with at most four significant digits, for costs and losses.
pub(crate) fn short(value: f64) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let decimals = (3 - magnitude).clamp(0, 6) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A duration, "1 h 12 min", "3 min 5 s", "4.2 s".
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{} s", short(seconds)),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// An energy given in joules, "12 Wh", "1.4 kWh".
pub(crate) fn watt_hours(joules: f64) -> String {
    let hours = joules / 3600.0;
    if hours < 1000.0 { format!("{} Wh", two(hours)) } else { format!("{} kWh", two(hours / 1000.0)) }
}

/// Two significant digits: what an estimate deserves.
fn two(value: f64) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let unit = 10f64.powi(magnitude - 1);
    short((value / unit).round() * unit)
}

/// "a, b and c".
pub(crate) fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!((percent(0.8124), signed(0.031), signed(-0.031)), ("81.2".into(), "+3.1".into(), "−3.1".into()));
        assert_eq!((percent(-0.0001), signed(0.0001)), ("0.0".into(), "0.0".into()));
        assert_eq!(
            (grouped(999), grouped(18_000), grouped(1_234_567)),
            ("999".into(), "18,000".into(), "1,234,567".into())
        );
        assert_eq!(
            (short(0.0), short(1234.56), short(0.012_344), short(2.5)),
            ("0".into(), "1235".into(), "0.01234".into(), "2.5".into())
        );
        assert_eq!(
            (duration(4.25), duration(185.0), duration(4320.0)),
            ("4.25 s".into(), "3 min 5 s".into(), "1 h 12 min".into())
        );
        let energies = [0.0, 43_210.0, 1234.0, 9.9e6].map(watt_hours);
        assert_eq!(energies, ["0 Wh", "12 Wh", "0.34 Wh", "2.8 kWh"]);
        assert_eq!((list(&["a"]), list(&["a", "b", "c"])), ("a".into(), "a, b and c".into()));
        assert_eq!((counted(1, "image"), counted(2, "image")), ("1 image".into(), "2 images".into()));
    }
}
