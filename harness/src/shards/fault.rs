//! What keeps shards from being merged, and who can do something about it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::{Explained, MOST_LINES, quoted};

/// What is the matter, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Flaw {
    /// Not done.
    Missing,
    /// Done more than once, with the same bytes.
    Double,
    /// Not what it should be.
    Different,
}

/// What puts it right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A worker, in this run or copy of it.
    Work(PathBuf),
    /// Removing a shard from all folders but one; these files are those of one of them, as a shell names them.
    Remove(PathBuf),
}

/// One thing that keeps a shard from being merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Its kind.
    pub flaw: Flaw,
    /// The shard.
    pub shard: u32,
    /// In words.
    pub what: String,
    /// The way out.
    #[serde(skip)]
    pub remedy: Remedy,
}

/// All that was found, in the order of the shards; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Double => "double",
            Self::Different => "different",
        })
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(|fault| format!("{}: {}", fault.flaw, fault.what)).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Faults {}

impl Faults {
    /// The refusal to merge the run that the user calls `name`; these faults are its cause.
    pub fn refuse(self, name: &Path) -> anyhow::Error {
        let what = format!("cannot merge {}: {}", name.display(), self.counts());
        let hint = self.hint();
        anyhow::Error::new(self).context(Explained { what, hint })
    }

    /// Whether nothing is wrong but that something is not done.
    pub fn are_gaps(&self) -> bool {
        self.0.iter().all(|fault| fault.flaw == Flaw::Missing)
    }

    fn counts(&self) -> String {
        let count = |flaw: Flaw| self.0.iter().filter(|fault| fault.flaw == flaw).count();
        let counts = [Flaw::Missing, Flaw::Double, Flaw::Different].map(|flaw| (count(flaw), flaw));
        let there = counts.into_iter().filter(|(count, _)| *count > 0);
        there.map(|(count, flaw)| format!("{count} {flaw}")).collect::<Vec<_>>().join(", ")
    }

    fn hint(&self) -> String {
        let mut at_work = BTreeSet::new();
        let mut removable = None;
        for fault in &self.0 {
            match &fault.remedy {
                Remedy::Work(folder) => {
                    at_work.insert(folder);
                }
                Remedy::Remove(files) => removable = removable.or(Some(files)),
            }
        }
        let mut ways: Vec<String> = at_work
            .into_iter()
            .map(|folder| {
                let folder = quoted(&folder.to_string_lossy());
                format!("`gentron work {folder}` does what is left; `gentron retry-plan {folder}` says which workers have any")
            })
            .collect();
        if let Some(files) = removable {
            ways.push(format!(
                "of a shard that is there more than once keep one: leave out a --from, or remove {} and the like from every other \
                 folder; nothing was changed",
                files.display()
            ));
        }
        if self.0.len() > MOST_LINES {
            ways.push("--json names all".to_owned());
        }
        ways.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::render;

    fn fault(flaw: Flaw, shard: u32, remedy: Remedy) -> Fault {
        Fault { flaw, shard, what: format!("shard {shard}"), remedy }
    }

    #[test]
    fn a_refusal_counts_and_names_the_folder_that_can_be_mended() {
        let work = |folder: &str| Remedy::Work(folder.into());
        let gaps = Faults(vec![fault(Flaw::Missing, 3, work("run")), fault(Flaw::Missing, 4, work("run"))]);
        assert!(gaps.are_gaps());
        let said = render(&gaps.refuse(Path::new("run")));
        assert!(said.starts_with("error: cannot merge run: 2 missing\n  because: missing: shard 3\n"), "{said}");
        assert_eq!(said.matches("`gentron work run`").count(), 1, "{said}");

        let remove = Remedy::Remove("copy/shards/017.*".into());
        let mixed = Faults(vec![
            fault(Flaw::Different, 16, work("my copy")),
            fault(Flaw::Different, 17, remove.clone()),
            fault(Flaw::Double, 18, remove),
        ]);
        assert!(!mixed.are_gaps());
        let error = mixed.refuse(Path::new("run"));
        assert_eq!(error.downcast_ref::<Faults>().map(|faults| faults.0.len()), Some(3));
        let said = render(&error);
        for part in ["1 double, 2 different", "`gentron work 'my copy'`", "remove copy/shards/017.* and the like"] {
            assert!(said.contains(part), "{part:?} is not in:\n{said}");
        }
        assert!(!said.contains("gentron work run"), "{said}");
    }
}
