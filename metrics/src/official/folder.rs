//! `OUT/samples/{prompt}_{NNNNNN}.png`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gentron_suites::Prompt;

use crate::error::{MetricError, Place};

/// An image of an official folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Where it is.
    pub path: PathBuf,
    /// Its file name.
    pub name: String,
    /// The prompt, which is what stands before the first underscore.
    pub prompt: String,
    /// The number behind the last underscore.
    pub number: u64,
}

impl Sample {
    /// Prompt and number of a file name, as the official scripts take it apart: `split('_')[0]` and
    /// `split('_')[-1].split('.')[0]`.
    ///
    /// Some of them take the second part for the number instead of the last, so a name with a second underscore, on
    /// which the scripts disagree, is none.
    #[must_use]
    pub fn parse(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_owned();
        let (prompt, rest) = name.split_once('_')?;
        let digits = rest.split('.').next()?;
        let numbered = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = numbered.then(|| digits.parse().ok()).flatten()?;
        Some(Self { prompt: prompt.to_owned(), number, path, name })
    }

    /// What the official file of image `number` of a prompt is called.
    #[must_use]
    pub fn file_name(prompt: &str, number: u64) -> String {
        format!("{prompt}_{number:06}.png")
    }
}

/// All images of a folder, in the order in which the official scripts take them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleFolder {
    /// `OUT`.
    pub root: PathBuf,
    /// By ascending number.
    pub samples: Vec<Sample>,
    /// Names in `samples/` that are no image of a prompt, such as `.DS_Store`: the official scripts stop at them.
    pub foreign: Vec<String>,
}

/// A folder's images beside a suite's prompts.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched<'a> {
    /// Each image with its prompt, in the folder's order.
    pub known: Vec<(&'a Sample, &'a Prompt)>,
    /// Images of no prompt of the suite.
    pub unknown: Vec<&'a Sample>,
    /// Prompts with fewer images than the prompt with most, and how many each lacks.
    pub missing: Vec<(&'a Prompt, usize)>,
}

impl SampleFolder {
    /// Lists `root/samples`, or `root` itself where it has no such folder.
    ///
    /// # Errors
    /// The folder cannot be listed, or two images have one number: the official order would be chance.
    pub fn read(root: &Path) -> Result<Self, MetricError> {
        let inner = root.join("samples");
        let folder = if inner.is_dir() { inner } else { root.to_owned() };
        let failed = |source| MetricError::io(&folder, "list", source);
        let (mut samples, mut foreign) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            match Sample::parse(entry.path()).filter(|sample| is_image(&sample.path)) {
                Some(sample) => samples.push(sample),
                None => foreign.push(entry.file_name().to_string_lossy().into_owned()),
            }
        }
        foreign.sort();
        samples.sort_by(|a, b| (a.number, &a.name).cmp(&(b.number, &b.name)));
        if let Some([first, second]) = samples.windows(2).find(|pair| pair[0].number == pair[1].number) {
            let why =
                format!("`{}` and `{}` have one number, and their order would be chance", first.name, second.name);
            return Err(MetricError::record(&folder, Place::File, why));
        }
        Ok(Self { root: root.to_owned(), samples, foreign })
    }

    /// Finds each image's prompt among `prompts`, by what the file name has of its text.
    #[must_use]
    pub fn matched<'a>(&'a self, prompts: &'a [Prompt]) -> Matched<'a> {
        let by_text: HashMap<&str, &Prompt> =
            prompts.iter().rev().map(|prompt| (in_file_name(prompt), prompt)).collect();
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        let mut images: HashMap<&str, usize> = HashMap::new();
        for sample in &self.samples {
            match by_text.get(sample.prompt.as_str()) {
                Some(prompt) => {
                    *images.entry(sample.prompt.as_str()).or_default() += 1;
                    known.push((sample, *prompt));
                }
                None => unknown.push(sample),
            }
        }
        let most = images.values().copied().max().unwrap_or(1);
        let lacks = |prompt: &'a Prompt| {
            let there = images.get(in_file_name(prompt)).copied().unwrap_or(0);
            (there < most).then_some((prompt, most - there))
        };
        Matched { known, unknown, missing: prompts.iter().filter_map(lacks).collect() }
    }
}

/// The part of a prompt's text that an official file name gives back.
fn in_file_name(prompt: &Prompt) -> &str {
    prompt.text.split('_').next().unwrap_or_default()
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    ["png", "jpg", "jpeg", "webp"].contains(&ending.as_str())
}
