//! Why an observation has no value.

/// Why there is no score: in words where it is written, a [`super::Name`] where it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence<T = String> {
    /// It could not be had, so that it is missing: why.
    Unscored(T),
    /// The metric cannot be asked of the prompt, so that nothing is missing: why.
    Outside(T),
}

impl<T> Absence<T> {
    /// The same kind of absence, with another form of the reason.
    pub fn map<U>(self, reason: impl FnOnce(T) -> U) -> Absence<U> {
        match self {
            Self::Unscored(why) => Absence::Unscored(reason(why)),
            Self::Outside(why) => Absence::Outside(reason(why)),
        }
    }

    /// The reason, of either kind.
    pub fn why(self) -> T {
        match self {
            Self::Unscored(why) | Self::Outside(why) => why,
        }
    }

    /// The reason why the score is missing.
    pub fn unscored(&self) -> Option<&T> {
        match self {
            Self::Unscored(why) => Some(why),
            Self::Outside(_) => None,
        }
    }

    /// The reason why the metric cannot be asked of the prompt.
    pub fn outside(&self) -> Option<&T> {
        match self {
            Self::Unscored(_) => None,
            Self::Outside(why) => Some(why),
        }
    }
}
