//! Scoring a folder's images, each once: what an earlier execution found by the same scorers is kept.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use gentron_metrics::{Observation, Outcome};
use gentron_suites::Prompt;
use serde::{Deserialize, Serialize};

use super::layout::{Picture, Pictures};
use crate::decode;
use crate::failure::{Interrupted, refuse};
use crate::progress::{self, Progress};
use crate::score::Scorer;
use crate::store::{Journals, atomic, digest};
use crate::workers::{self, Ended};

/// A line of `observations.jsonl`: one image, or one that is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Path within the folder; null where the image is missing.
    pub image: Option<String>,
    /// SHA-256 of the file; null where the image is missing.
    pub sha256: Option<String>,
    /// [`Scorer::identity`].
    pub scorer: String,
    /// The suite's key.
    pub suite: String,
    /// The category within the suite.
    pub category: String,
    /// The prompt's id.
    pub prompt_id: String,
    /// The prompt.
    pub prompt: String,
    /// Which of the prompt's images; by their order where their names do not tell.
    pub k: u32,
    /// One a metric.
    pub observations: Vec<Observation>,
}

/// The file of what was seen.
pub const FILE: &str = "observations.jsonl";
/// Images between two entries of the journal.
const BATCH: usize = 8;
/// As many journals as a run has.
const SHARDS: usize = crate::plan::batches::SHARDS as usize;

/// Looks at every picture, in their order; the missing ones come last. Writes [`FILE`] into `out`.
///
/// # Errors
/// The disk fails, or a stop was asked for: what is scored so far stays.
pub fn observe(
    pictures: &Pictures,
    prompts: &[Prompt],
    scorer: &Scorer,
    out: &Path,
    threads: usize,
) -> anyhow::Result<Vec<Seen>> {
    let identity = scorer.identity();
    let journals = Journals::<String>::new(out.join("journals"), "observations");
    let mut known = remembered(&journals, out)?;
    known.retain(|noted| noted.seen.scorer == identity);
    let known: HashMap<(&str, &str, &str), &Noted> = known
        .iter()
        .filter_map(|noted| {
            let seen = &noted.seen;
            Some(((seen.image.as_deref()?, seen.sha256.as_deref()?, seen.prompt_id.as_str()), noted))
        })
        .collect();

    let slots: Vec<Mutex<Option<Noted>>> = pictures.known.iter().map(|_| Mutex::default()).collect();
    let batches: Vec<usize> = (0..pictures.known.len().div_ceil(BATCH)).collect();
    let progress = Progress::new("score", pictures.known.len());
    let ended = workers::for_each(threads, &batches, |&batch| {
        let (mut new, first) = (Vec::new(), batch * BATCH);
        let pictures = &pictures.known[first..pictures.known.len().min(first + BATCH)];
        for (picture, slot) in pictures.iter().zip(&slots[first..]) {
            let prompt = &prompts[picture.prompt];
            let bytes = fs::read(&picture.path).with_context(|| format!("cannot read {}", picture.path.display()))?;
            let sha256 = digest::of_bytes(&bytes);
            let noted = match known.get(&(picture.name.as_str(), sha256.as_str(), prompt.id.as_str())) {
                Some(noted) if noted.seen.k == picture.k => (*noted).clone(),
                // Another image of the prompt has come or gone, so that this one counts otherwise: it shows what it showed.
                Some(noted) => Noted::new(&Seen { k: picture.k, ..noted.seen.clone() })?,
                None => {
                    let noted = Noted::new(&look(picture, prompt, scorer, (&bytes, sha256, &identity)))?;
                    new.push(noted.line.clone());
                    noted
                }
            };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(noted);
        }
        if !new.is_empty() {
            journals.append((batch % SHARDS) as u32, &new)?;
        }
        progress.advance(pictures.len());
        Ok(())
    })?;
    progress.finish();
    if ended == Ended::Stopped {
        return Err(Interrupted.into());
    }
    let mut noted: Vec<Noted> =
        slots.into_iter().filter_map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner)).collect();
    for (prompt, k) in &pictures.missing {
        let why = pictures.why_missing(*prompt);
        noted.push(Noted::new(&missing((&prompts[*prompt], *k), &why, scorer, &identity))?);
    }
    let lines: String = noted.iter().map(|noted| format!("{}\n", noted.line)).collect();
    atomic::write(&out.join(FILE), lines.as_bytes())?;
    journals.clear()?;
    progress::say(&format!("{} images looked at, {} missing", pictures.known.len(), pictures.missing.len()));
    Ok(noted.into_iter().map(|noted| noted.seen).collect())
}

/// Refuses what has not a single score: it is hardly what was meant.
///
/// # Errors
/// None of the images that are there has a score; with the most frequent reason, of those for which there is a remedy if there are any.
pub fn refuse_unscored(seen: &[Seen]) -> anyhow::Result<()> {
    // Whether something is lacking, and why.
    let mut reasons: BTreeMap<(bool, &str), usize> = BTreeMap::new();
    for observation in seen.iter().filter(|seen| seen.image.is_some()).flat_map(|seen| &seen.observations) {
        match &observation.outcome {
            Outcome::Scored { .. } => return Ok(()),
            Outcome::Unscored { why } => *reasons.entry((true, why.as_str())).or_default() += 1,
            Outcome::Outside { why } => *reasons.entry((false, why.as_str())).or_default() += 1,
        }
    }
    let most = reasons.into_iter().max_by_key(|((lacking, _), count)| (*lacking, *count));
    let (lacking, why) = most.map_or((false, "no score is made of these categories"), |(reason, _)| reason);
    let hint = if lacking {
        "bring what the scores lack (`gentron doctor` lists the scorers), or name with --suite the suite that these images are of"
    } else {
        "no score can be asked of the prompts of this suite or category, and nothing that could be brought would change it; name with --suite \
         the suite that these images are of"
    };
    Err(refuse(format!("no image could be scored: {why}"), hint))
}

/// A line of [`FILE`] and what it says. Numbers are always those that were read from the line, which may have lost their last bit on
/// the way through it: so they are the same whether an image is looked at or remembered.
#[derive(Clone)]
struct Noted {
    line: String,
    seen: Seen,
}

impl Noted {
    fn new(seen: &Seen) -> anyhow::Result<Self> {
        let line = serde_json::to_string(seen)?;
        let seen = serde_json::from_str(&line)?;
        Ok(Self { line, seen })
    }
}

/// What earlier executions noted; a damaged line is as if it were not there.
fn remembered(journals: &Journals<String>, out: &Path) -> anyhow::Result<Vec<Noted>> {
    let mut lines = journals.read()?;
    match fs::read(out.join(FILE)) {
        Ok(bytes) => lines.extend(String::from_utf8_lossy(&bytes).lines().map(str::to_owned)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", out.join(FILE).display())),
    }
    let noted = |line: String| serde_json::from_str(&line).ok().map(|seen| Noted { line, seen });
    Ok(lines.into_iter().filter_map(noted).collect())
}

fn look(picture: &Picture, prompt: &Prompt, scorer: &Scorer, file: (&[u8], String, &str)) -> Seen {
    let (bytes, sha256, identity) = file;
    let observations = match decode::rgb(bytes) {
        Ok(image) => scorer.observe(prompt, &image, &picture.name),
        Err(error) => scorer.unseen(prompt, &format!("the image cannot be read: {error}")),
    };
    Seen { image: Some(picture.name.clone()), sha256: Some(sha256), ..of(prompt, picture.k, identity, observations) }
}

fn missing((prompt, k): (&Prompt, u32), why: &str, scorer: &Scorer, identity: &str) -> Seen {
    of(prompt, k, identity, scorer.unseen(prompt, why))
}

fn of(prompt: &Prompt, k: u32, identity: &str, observations: Vec<Observation>) -> Seen {
    Seen {
        image: None,
        sha256: None,
        scorer: identity.to_owned(),
        suite: prompt.suite.clone(),
        category: prompt.category.clone(),
        prompt_id: prompt.id.clone(),
        prompt: prompt.text.clone(),
        k,
        observations,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(image: Option<&str>, outcomes: &[Outcome]) -> Seen {
        let observation = |outcome: &Outcome| Observation { metric: "b-vqa".to_owned(), outcome: outcome.clone() };
        Seen {
            image: image.map(str::to_owned),
            sha256: None,
            scorer: String::new(),
            suite: "own".to_owned(),
            category: "all".to_owned(),
            prompt_id: "p-0".to_owned(),
            prompt: String::new(),
            k: 0,
            observations: outcomes.iter().map(observation).collect(),
        }
    }

    #[test]
    fn a_folder_without_any_score_is_refused_for_its_most_frequent_reason() {
        let unscored = |why: &str| Outcome::Unscored { why: why.to_owned() };
        let scored = Outcome::Scored { value: 0.0, reasons: Vec::new() };
        let gone = seen(None, &[unscored("the image is missing"), unscored("the image is missing")]);
        let none = seen(Some("0.png"), &[unscored("no CLIP"), unscored("no CLIP"), unscored("no BLIP")]);
        let refused = refuse_unscored(&[gone.clone(), none.clone()]).unwrap_err();
        assert_eq!(refused.to_string(), "no image could be scored: no CLIP");
        assert!(crate::failure::render(&refused).contains("hint: bring what the scores lack"));
        assert!(refuse_unscored(&[gone, none, seen(Some("1.png"), &[scored])]).is_ok());
    }

    #[test]
    fn nobody_is_told_to_bring_something_for_prompts_that_no_score_can_be_asked_of() {
        let outside = || Outcome::Outside { why: "the prompt names no phrases".to_owned() };
        let refused = refuse_unscored(&[seen(Some("0.png"), &[outside(), outside()])]).unwrap_err();
        assert_eq!(refused.to_string(), "no image could be scored: the prompt names no phrases");
        let said = crate::failure::render(&refused);
        assert!(said.contains("hint: no score can be asked of the prompts") && !said.contains("bring what"), "{said}");
        // What lacks something can still be scored, however few.
        let lacking = Outcome::Unscored { why: "no CLIP".to_owned() };
        let refused = refuse_unscored(&[seen(Some("0.png"), &[outside(), outside(), lacking])]).unwrap_err();
        assert_eq!(refused.to_string(), "no image could be scored: no CLIP");
    }
}
