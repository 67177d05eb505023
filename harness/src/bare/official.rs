//! The result files of the official scripts, from a folder that is laid out as theirs.

use std::path::{Path, PathBuf};

use gentron_metrics::MetricId;
use gentron_metrics::official::{ResultFile, Scored, write_results};

use super::layout::Pictures;
use super::observe::Seen;
use crate::failure::{Explain as _, refuse};
use crate::progress;

/// Whether a folder is one that the official scripts could have read.
///
/// # Errors
/// It has another layout, or images of no prompt.
pub fn check(pictures: &Pictures) -> anyhow::Result<()> {
    if pictures.known.iter().any(|picture| picture.sample.is_none()) {
        let hint = "name images samples/{prompt}_{NNNNNN}.png, or leave out --official-files";
        return Err(refuse("official files are of folders in the official layout alone", hint));
    }
    if let Some(stranger) = pictures.strangers.first() {
        let what = format!("{stranger} is of no prompt of the suite: the official scripts would count it");
        return Err(refuse(what, "move it away, name the right category, or leave out --official-files"));
    }
    Ok(())
}

/// Writes, below `out` for each category, what its script would have written. A script's result that would lack an image is not
/// written, and neither is one of another network. Returns the paths.
///
/// The scripts average whatever lies in their folder, and 3-in-1 counts ten images a prompt through three of their results: so a category
/// of which any image is missing gets no file at all.
///
/// # Errors
/// The disk fails.
pub fn write(pictures: &Pictures, seen: &[Seen], out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut categories: Vec<&str> = Vec::new();
    for seen in seen {
        if !categories.contains(&seen.category.as_str()) {
            categories.push(&seen.category);
        }
    }
    let mut written = Vec::new();
    for category in categories {
        let of_category = seen.iter().filter(|seen| seen.category == category);
        let (all, missing) =
            of_category.fold((0, 0), |(all, missing), seen| (all + 1, missing + usize::from(seen.image.is_none())));
        if missing > 0 {
            progress::say(&format!("note: no official file of {category}: {missing} of its {all} images are missing"));
            continue;
        }
        for (name, file) in files(seen, category) {
            let folder = out.join(category);
            let of_category = pictures.known.iter().zip(seen).filter(|(_, seen)| seen.category == category);
            let scored: Vec<Scored> = of_category
                .filter_map(|(picture, seen)| {
                    let observation = seen.observations.iter().find(|observation| observation.metric == name)?;
                    Some(Scored { sample: picture.sample.as_ref()?, outcome: &observation.outcome })
                })
                .collect();
            if let Err(missing) = file.answers(&scored) {
                progress::say(&format!(
                    "note: no official file of {name} of {category}: {missing} of {} images are unscored",
                    scored.len()
                ));
                continue;
            }
            let explain = || (format!("cannot write {}", folder.display()), "name another folder with --out");
            written.extend(write_results(&folder, file, &scored).explain(explain)?);
        }
    }
    Ok(written)
}

/// The official scores among a category's, each script once; `b-vqa` comes before its variants.
fn files(seen: &[Seen], category: &str) -> Vec<(String, ResultFile)> {
    let mut files: Vec<(String, ResultFile)> = Vec::new();
    let first = seen.iter().find(|seen| seen.category == category);
    for observation in first.iter().flat_map(|seen| &seen.observations) {
        let Some((metric, detector)) = MetricId::of_score(&observation.metric) else { continue };
        if let Some(detector) = detector {
            progress::say(&format!("note: no official file of {metric}: {detector} is not the network of its script"));
        } else if let Some(file) = ResultFile::of_metric(metric).filter(|file| files.iter().all(|(_, f)| f != file)) {
            files.push((observation.metric.clone(), file));
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use gentron_metrics::official::Sample;
    use gentron_metrics::{Observation, Outcome};

    use super::*;
    use crate::bare::Picture;

    fn seen(category: &str, metric: &str, image: Option<&str>) -> Seen {
        let outcome = match image {
            Some(_) => Outcome::Scored { value: 0.5, reasons: Vec::new() },
            None => Outcome::Unscored { why: "the image is missing".to_owned() },
        };
        Seen {
            image: image.map(str::to_owned),
            sha256: None,
            scorer: String::new(),
            suite: "t2i-compbench".to_owned(),
            category: category.to_owned(),
            prompt_id: String::new(),
            prompt: String::new(),
            k: 0,
            observations: vec![Observation { metric: metric.to_owned(), outcome }],
        }
    }

    #[test]
    fn a_category_that_lacks_an_image_gets_no_file() {
        let names = ["a red cat_000000.png", "a dog runs_000000.png"];
        let picture = |(prompt, name): (usize, &str)| Picture {
            path: name.into(),
            name: name.to_owned(),
            prompt,
            k: 0,
            sample: Sample::parse(name.into()),
        };
        let known: Vec<Picture> = names.into_iter().enumerate().map(picture).collect();
        let pictures = Pictures { known, missing: vec![(2, 0), (3, 0)], ..Pictures::default() };
        // Of color every image is there, of non_spatial one of two, of numeracy none.
        let seen = [
            seen("color", "b-vqa", Some(names[0])),
            seen("non_spatial", "clipscore", Some(names[1])),
            seen("non_spatial", "clipscore", None),
            seen("numeracy", "unidet-numeracy", None),
        ];
        let out = tempfile::tempdir().unwrap();
        let written = write(&pictures, &seen, out.path()).unwrap();
        let folder = out.path().join("color/annotation_blip");
        assert_eq!(written, ["vqa_result.json", "blip_vqa_score.txt"].map(|name| folder.join(name)));
        assert!(!out.path().join("non_spatial").exists() && !out.path().join("numeracy").exists());
    }
}
