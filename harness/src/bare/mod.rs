//! A folder of images that no run of ours drew: whose prompt is each, what does it score, what is missing.
//!
//! [`layout`] finds each image's prompt, by names or as a [`map`] has it, and each [`problem`], [`mod@observe`] scores and remembers, [`summary`] averages, [`official`] writes the official
//! scripts' files.

pub mod layout;
pub mod map;
mod mapped;
pub mod observe;
pub mod official;
pub mod problem;
pub mod summary;

pub use layout::{Found, Picture, Pictures, Source};
pub use observe::{Seen, observe, refuse_unscored};
pub use problem::Problem;
pub use summary::{Line, summarise};

/// What tests of this module put to their subjects.
#[cfg(test)]
mod samples {
    use gentron_suites::{Annotation, Prompt, Split};

    /// Prompts of a suite of one's own, `p-0` and so on.
    pub fn prompts(texts: &[&str]) -> Vec<Prompt> {
        let prompt = |(index, text): (usize, &&str)| Prompt {
            id: format!("p-{index}"),
            suite: "own".into(),
            category: "all".into(),
            index: index as u32,
            split: Split::Unsplit,
            text: (*text).to_owned(),
            annotation: Annotation::default(),
        };
        texts.iter().enumerate().map(prompt).collect()
    }

    /// A folder with these files, which are empty.
    pub fn folder_of(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }
}
