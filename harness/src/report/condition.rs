//! A condition on a change, as `--fail-if` takes it: `[ARM:]CATEGORY <|<=|>|>= NUMBER`.

use gentron_reports::Change;

use crate::failure::refuse;

/// A condition on a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// As it was written.
    pub text: String,
    arm: Option<String>,
    category: String,
    below: bool,
    inclusive: bool,
    bound: f64,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let wrong = || {
            let hint = "write a category, < or >, and a number: --fail-if 'color < -0.02', or 'cross-clip:mean < 0'";
            refuse(format!("--fail-if '{text}' is no condition"), hint)
        };
        let at = text.find(['<', '>']).ok_or_else(wrong)?;
        let (place, rest) = text.split_at(at);
        let (sign, number) = rest.split_at(1);
        let (inclusive, number) = number.strip_prefix('=').map_or((false, number), |number| (true, number));
        let bound: f64 = number.trim().parse().ok().filter(|bound: &f64| bound.is_finite()).ok_or_else(wrong)?;
        let (arm, category) = match place.split_once(':') {
            Some((arm, category)) => (Some(arm.trim().to_owned()), category.trim()),
            None => (None, place.trim()),
        };
        if category.is_empty() || arm.as_deref() == Some("") {
            return Err(wrong());
        }
        Ok(Self { text: text.to_owned(), arm, category: category.to_owned(), below: sign == "<", inclusive, bound })
    }

    /// Whether the condition is about this change: a headline score, or the Mean.
    pub fn names(&self, change: &Change) -> bool {
        let change = &change.verdict;
        let category = change.category.as_deref().unwrap_or("mean");
        let with_suite = change.suite.as_deref().map(|suite| format!("{suite}/{category}"));
        change.headline
            && (category == self.category || with_suite.as_deref() == Some(&self.category))
            && self.arm.as_deref().is_none_or(|arm| arm == change.arm)
    }

    /// Whether it holds for a change of this size.
    pub fn holds(&self, difference: f64) -> bool {
        let beyond = if self.below { difference < self.bound } else { difference > self.bound };
        beyond || (self.inclusive && difference == self.bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_read_as_they_are_written() {
        let parse = |text| Condition::parse(text).unwrap();
        assert!(parse("color < -0.02").holds(-0.03) && !parse("color < -0.02").holds(-0.02));
        assert!(parse("color<=-0.02").holds(-0.02) && parse("mean > 0.1").holds(0.2));
        assert_eq!(parse("cross-t5:mean>=1e-3").arm.as_deref(), Some("cross-t5"));
        for wrong in ["color", "< 1", "color < much", "color = 1", ":mean < 1", "color < NaN", ""] {
            assert!(Condition::parse(wrong).is_err(), "{wrong}");
        }
    }
}
