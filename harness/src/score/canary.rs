//! Scorers are held against what is known of them, before they are believed: their code against what it says on invented weights, their
//! weights against what is committed of them, or else against what they said here before.

mod code;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gentron_metrics::canary::{
    CanaryMismatch, Code, Published, Readings, Recorded, check_published, compare_recorded, of_depth, of_detector,
    of_features, of_image_text, of_preference, of_vqa, published, record_path,
};
use gentron_metrics::frechet::Inception;
use gentron_metrics::{Backends, MetricError, MetricId, shapes::ShapesPerception};

use self::code::ClipCode;
use super::Eyes;
use super::clip::ClipSimilarity;
use crate::failure::Explain as _;
use crate::progress;
use crate::registry::places::data_folder;
use crate::store::digest;

const HINT: &str = "nothing was scored. If the machine or the program has changed and the new numbers are meant, \
                    remove the file of canaries; otherwise get the weights anew";

const NO_DISTANCE: &str = "no distance was computed. If the machine or the program has changed and the new numbers are meant, \
                           remove the file of canaries; otherwise get the weights anew";

const OTHER_CODE: &str = "nothing was computed: this program says other numbers than the one that was tested. Build it anew; where it \
                          does so again, `cargo test -p gentron-metrics -p gentron-harness canary` says what differs, and it is a bug \
                          to report";

const OTHER_MACHINE: &str = "nothing was computed: the same weights gave other numbers where they were committed. `cargo test -p \
                             gentron-metrics -p gentron-harness` says whether this machine or this program is at fault";

/// What the canaries of each network came to: [`COMMITTED`], [`BEFORE`], [`FIRST`], or why its weights could be held against nothing.
/// Whoever reads the scores should know which numbers somebody vouches for. Its code is held against committed readings in any case.
pub type Canaries = BTreeMap<String, String>;

/// The weights say what is committed of them.
pub const COMMITTED: &str = "committed";
/// They say what they said when they were first used on this machine.
pub const BEFORE: &str = "as at first use here";
/// They are used for the first time on this machine: nothing was compared.
pub const FIRST: &str = "first use here";

/// The exact perception says what is committed.
///
/// # Errors
/// It does not: then no score of it can be trusted.
pub fn of_shapes(perception: &ShapesPerception) -> anyhow::Result<()> {
    let backends = Backends::new(perception, perception);
    gentron_metrics::canary::check(&backends).explain(|| ("the exact scorer has drifted", HINT))
}

/// Every network's code says what is committed, and its weights what is committed of them or what they said when they were first used
/// here; the first time is recorded, and said. `small` is the small world's CLIP with a digest of its files.
///
/// # Errors
/// One of them does not.
pub fn of_eyes(eyes: &Eyes, small: Option<(&ClipSimilarity, &str)>) -> anyhow::Result<Canaries> {
    let mut weights = Weights::new(HINT)?;
    if let Some(blip) = &eyes.blip {
        of_code(Code::BlipVqa.check())?;
        weights.hold(&blip.statement().sha256, of_vqa(blip))?;
    }
    let of_photographs = eyes.clip.as_ref().map(|(clip, sha256)| (clip, sha256.as_str()));
    for (clip, sha256) in [of_photographs, small].into_iter().flatten() {
        of_code(ClipCode::OpenAi.check())?;
        weights.hold(sha256, of_image_text(clip))?;
    }
    let unidets = [(Code::UniDetResNet, &eyes.unidet_r50), (Code::UniDetResNest, &eyes.unidet_rs200)];
    for (code, unidet) in unidets {
        let Some(unidet) = unidet else { continue };
        of_code(code.check())?;
        weights.hold(&unidet.statement().sha256, of_detector(unidet))?;
    }
    for (metric, model, sha256) in eyes.preferring() {
        of_code(match metric {
            MetricId::HpsV2 => ClipCode::OpenClip.check(),
            MetricId::ImageReward => Code::ImageReward.check(),
            _ => ClipCode::OpenAi.check(),
        })?;
        weights.hold(sha256, of_preference(model))?;
    }
    if let Some(depth) = &eyes.depth {
        of_code(Code::DptHybrid.check())?;
        weights.hold(&depth.statement().sha256, of_depth(depth))?;
    }
    weights.say_new();
    Ok(weights.canaries)
}

/// The same of Inception: what its canaries came to.
///
/// # Errors
/// As [`of_eyes`]: then no distance of it can be trusted.
pub fn of_inception(network: &Inception, sha256: &str) -> anyhow::Result<String> {
    of_code(Code::FidInception.check())?;
    let mut weights = Weights::new(NO_DISTANCE)?;
    weights.hold(sha256, of_features(network))?;
    weights.say_new();
    Ok(weights.canaries.into_values().next().unwrap_or_default())
}

fn of_code(checked: Result<(), CanaryMismatch>) -> anyhow::Result<()> {
    checked.explain(|| ("a scorer's code does not say on invented weights what is committed", OTHER_CODE))
}

/// Holds weights against what is known of them.
struct Weights {
    published: Published,
    /// Where records are kept, where there is a data folder.
    folder: Option<PathBuf>,
    hint: &'static str,
    canaries: Canaries,
}

impl Weights {
    /// Against what is committed and what is recorded in the user's data folder.
    fn new(hint: &'static str) -> anyhow::Result<Self> {
        let published = published().explain(|| ("what is committed of weights cannot be read", OTHER_CODE))?;
        Ok(Self { published, folder: folder(), hint, canaries: Canaries::new() })
    }

    /// Notes what these readings come to.
    fn hold(&mut self, sha256: &str, readings: Result<Readings, MetricError>) -> anyhow::Result<()> {
        let unread = || ("a scorer cannot read the canary pictures".to_owned(), self.hint);
        let now = readings.map_err(CanaryMismatch::from).explain(unread)?;
        let name = now.backend.clone();
        let known = check_published(&now, sha256, &self.published)
            .explain(|| (format!("{name} does not say what is committed of its weights"), OTHER_MACHINE))?;
        let what = if known { COMMITTED.to_owned() } else { self.recorded(now, sha256)? };
        self.canaries.insert(name, what);
        Ok(())
    }

    /// Compares with the record of these weights, or makes it.
    fn recorded(&self, now: Readings, sha256: &str) -> anyhow::Result<String> {
        let name = now.backend.clone();
        let Some(folder) = &self.folder else { return Ok(not_kept(&name, "there is no data folder")) };
        if let Err(error) = std::fs::create_dir_all(folder) {
            return Ok(not_kept(&name, &format!("{}: {error}", folder.display())));
        }
        let file = record_of(folder, &name, sha256);
        let explain = || (format!("a scorer does not say what it said ({})", file.display()), self.hint);
        match compare_recorded(&[now], &file) {
            Ok(Recorded::Now) => Ok(FIRST.to_owned()),
            Ok(Recorded::Before) => Ok(BEFORE.to_owned()),
            // A folder that is there and cannot be written to is no drift.
            Err(CanaryMismatch::Failed(MetricError::Io { doing: "write", source, .. })) => {
                Ok(not_kept(&name, &format!("{}: {source}", file.display())))
            }
            Err(mismatch) => Err(mismatch).explain(explain),
        }
    }

    /// A record that was made just now vouches for nothing: whoever reads the scores should know.
    fn say_new(&self) {
        let new = self.canaries.iter().filter(|(_, what)| *what == FIRST).map(|(name, _)| name.as_str());
        let names = new.collect::<Vec<_>>().join(", ");
        if !names.is_empty() {
            progress::say(&format!(
                "note: first use of these weights here ({names}): what they say of the canary pictures is recorded, nothing was compared"
            ));
        }
    }
}

/// The same weights may be looked at as two scorers, which say different things.
fn record_of(folder: &Path, name: &str, sha256: &str) -> PathBuf {
    record_path(folder, &digest::of_value(&(name, sha256)))
}

fn not_kept(name: &str, why: &str) -> String {
    progress::say(&format!("note: canaries of {name} are not kept: {why}"));
    format!("its canaries are not kept: {why}")
}

/// `gentron/canaries` in the user's data folder: not beside weights, which may be read-only or shared.
fn folder() -> Option<PathBuf> {
    Some(data_folder()?.parent()?.join("canaries"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_of_weights_comes_before_what_was_recorded_here() {
        let folder = tempfile::tempdir().unwrap();
        let of = |value: f64| -> Result<Readings, MetricError> {
            let values = [("waves".to_owned(), value)].into();
            Ok(Readings { backend: "clip".to_owned(), values })
        };
        let known: Published = [("ab12".to_owned(), vec![of(0.25).unwrap()])].into();
        let hold = |published: &Published, value: f64| {
            let (published, folder) = (published.clone(), Some(folder.path().to_owned()));
            let mut weights = Weights { published, folder, hint: HINT, canaries: Canaries::new() };
            weights.hold("ab12", of(value)).map(|()| weights.canaries["clip"].clone())
        };
        assert_eq!(hold(&known, 0.25).unwrap(), COMMITTED);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing has to be recorded of them");
        let drifted = format!("{:#}", hold(&known, 0.75).unwrap_err());
        assert!(drifted.contains("clip does not say what is committed of its weights"), "{drifted}");
        let none = Published::new();
        assert_eq!(hold(&none, 0.75).unwrap(), FIRST);
        assert_eq!(hold(&none, 0.75).unwrap(), BEFORE);
        assert!(hold(&none, 0.25).is_err());
        // A record that drifted does not hide what is committed.
        assert_eq!(hold(&known, 0.25).unwrap(), COMMITTED);
    }
}
