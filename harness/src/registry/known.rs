//! The suites that the program knows by name.

use std::path::Path;

use gentron_suites::compbench::{self, Category, List};
use gentron_suites::files::{DRAWBENCH_PROMPTS, OFFICIAL, Origin, Revision};
use gentron_suites::own::{self, Columns};
use gentron_suites::phrases::SpacyModel;
use gentron_suites::{ListedSuite, SuitesError, geneval, parti, shapes};

/// A suite with a registry key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// What the user types.
    pub key: &'static str,
    /// One line for people.
    pub about: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    BuiltIn,
    /// One list of T2I-CompBench, phrases by a model of spaCy.
    Compbench(List, SpacyModel),
    /// One file of T2I-CompBench, by its name without the ending.
    CompbenchPart(&'static str),
    Parti,
    Geneval,
    DrawBench,
}

/// What DrawBench's table must be called; its authors give it no name.
const DRAWBENCH_FILE: &str = "drawbench.csv";

/// What the keys of all that is T2I-CompBench's begin with; who scores goes by it.
const COMPBENCH: &str = "t2i-compbench";

/// All of them, in the order in which they are listed.
pub const KNOWN: [Known; 10] = [
    Known { key: shapes::ID, about: "drawn shapes, scored exactly", kind: Kind::BuiltIn },
    Known { key: shapes::motion::ID, about: "drawn shapes that move, for clips of 8 frames", kind: Kind::BuiltIn },
    Known { key: COMPBENCH, about: "the evaluation prompts", kind: compbench_list(List::Val) },
    Known {
        key: "t2i-compbench-before-2025",
        about: "the same with color_val as it was until 2025-09, which published scores are of",
        kind: compbench_list(List::ValBefore2025),
    },
    Known {
        key: "t2i-compbench-spacy-3.8.0",
        about: "the evaluation prompts with noun phrases by spaCy 3.8.0 instead of 3.6.0",
        kind: Kind::Compbench(List::Val, SpacyModel::Sm3_8_0),
    },
    Known { key: "t2i-compbench-train", about: "its training prompts", kind: compbench_list(List::Train) },
    Known { key: "t2i-compbench-all", about: "its files without a suffix", kind: compbench_list(List::All) },
    Known { key: parti::ID, about: "PartiPrompts, for people and CLIPScore", kind: Kind::Parti },
    Known { key: geneval::ID, about: "GenEval's prompts", kind: Kind::Geneval },
    Known { key: own::DRAWBENCH, about: "DrawBench, exported by the user", kind: Kind::DrawBench },
];

const fn compbench_list(list: List) -> Kind {
    Kind::Compbench(list, SpacyModel::Sm3_6_0)
}

const fn part(key: &'static str, stem: &'static str) -> Known {
    Known { key, about: "one file of T2I-CompBench", kind: Kind::CompbenchPart(stem) }
}

/// Official files that are parts of a category's prompts, each a suite of its own, and not listed.
pub const PARTS: [Known; 12] = [
    part("t2i-compbench-color_val_seen", "color_val_seen"),
    part("t2i-compbench-color_val_unseen", "color_val_unseen"),
    part("t2i-compbench-shape_val_seen", "shape_val_seen"),
    part("t2i-compbench-shape_val_unseen", "shape_val_unseen"),
    part("t2i-compbench-texture_val_seen", "texture_val_seen"),
    part("t2i-compbench-texture_val_unseen", "texture_val_unseen"),
    part("t2i-compbench-complex_val_spatial", "complex_val_spatial"),
    part("t2i-compbench-complex_val_action", "complex_val_action"),
    part("t2i-compbench-complex_val_spatialaction", "complex_val_spatialaction"),
    part("t2i-compbench-complex_train_spatial", "complex_train_spatial"),
    part("t2i-compbench-complex_train_action", "complex_train_action"),
    part("t2i-compbench-complex_train_spatialaction", "complex_train_spatialaction"),
];

impl Known {
    /// The suite of this key.
    pub fn find(key: &str) -> Option<&'static Self> {
        KNOWN.iter().chain(&PARTS).find(|known| known.key == key)
    }

    /// Whether a name is a published suite's, or would be taken for one: prompts of one's own cannot be called so.
    pub fn claims(name: &str) -> bool {
        Self::find(name).is_some() || name.starts_with(COMPBENCH)
    }

    /// Whether a user's file is the one that DrawBench is read from: its authors publish no file, and the user's export is the suite.
    pub fn is_export(file: &Path) -> bool {
        file.file_name().is_some_and(|name| name == DRAWBENCH_FILE)
    }

    /// What to type for the official file with this digest, so that it is scored as officially; none where nobody publishes it, or no
    /// suite asks for it.
    pub fn word_of(sha256: &str) -> Option<String> {
        let file = OFFICIAL.iter().find(|file| file.sha256 == sha256)?;
        let stem = match file.origin {
            Origin::Parti => return Some(parti::ID.to_owned()),
            Origin::Geneval => return Some(geneval::ID.to_owned()),
            Origin::Compbench => file.name.strip_suffix(".txt")?,
        };
        if let Some(part) = PARTS.iter().find(|part| part.kind == Kind::CompbenchPart(stem)) {
            return Some(part.key.to_owned());
        }
        let lists: &[List] = match file.revision {
            Revision::Current => &[List::Val, List::Train, List::All],
            _ => &[List::ValBefore2025],
        };
        let of = |list: &List| {
            let category = Category::ALL.into_iter().find(|category| compbench_file(*category, *list) == file.name)?;
            Some(format!("{}/{}", list.suite(), category.name()))
        };
        lists.iter().find_map(of)
    }

    /// Whether the program has it without any file.
    pub fn is_built_in(&self) -> bool {
        self.kind == Kind::BuiltIn
    }

    /// Whether all its prompts are in one file.
    pub fn is_one_file(&self) -> bool {
        !matches!(self.kind, Kind::BuiltIn | Kind::Compbench(..))
    }

    /// The folder of its files within a folder of suites; all that is T2I-CompBench's shares one.
    pub fn folder(&self) -> &'static str {
        match self.kind {
            Kind::BuiltIn => "",
            Kind::Compbench(..) | Kind::CompbenchPart(_) => COMPBENCH,
            Kind::Parti => parti::ID,
            Kind::Geneval => geneval::ID,
            Kind::DrawBench => own::DRAWBENCH,
        }
    }

    /// Whose files can be fetched for it.
    pub fn origin(&self) -> Option<Origin> {
        match self.kind {
            Kind::Compbench(..) | Kind::CompbenchPart(_) => Some(Origin::Compbench),
            Kind::Parti => Some(Origin::Parti),
            Kind::Geneval => Some(Origin::Geneval),
            Kind::BuiltIn | Kind::DrawBench => None,
        }
    }

    /// The licence of its prompts; none where its authors name none.
    pub fn licence(&self) -> Option<&'static str> {
        match self.kind {
            Kind::BuiltIn => Some("MIT OR Apache-2.0, part of gentron"),
            Kind::Compbench(..) | Kind::CompbenchPart(_) => Some("MIT (Karine-Huang/T2I-CompBench)"),
            Kind::Parti => Some("Apache-2.0 (google-research/parti)"),
            Kind::Geneval => Some("MIT (djghosh13/geneval)"),
            Kind::DrawBench => None,
        }
    }

    /// How one gets its files.
    pub fn how_to_get(&self) -> String {
        match self.origin() {
            Some(_) => format!("gentron suites fetch {}", self.folder()),
            None => format!("export its authors' table as {DRAWBENCH_FILE} with the columns Prompts and Category"),
        }
    }

    /// Prompts in it as published; for the built-in suite, none are published.
    pub fn published(&self) -> usize {
        let of = |name: String| {
            let file = |file: &&gentron_suites::files::KnownFile| {
                file.name == name && Some(file.origin) == self.origin() && file.revision == Revision::Current
            };
            OFFICIAL.iter().find(file).map_or(0, |file| file.prompts)
        };
        match self.kind {
            Kind::BuiltIn => 0,
            Kind::Compbench(list, _) => Category::ALL.map(|category| of(compbench_file(category, list))).iter().sum(),
            Kind::CompbenchPart(stem) => of(format!("{stem}.txt")),
            Kind::Parti => of(parti::FILE.to_owned()),
            Kind::Geneval => of(geneval::FILE.to_owned()),
            Kind::DrawBench => DRAWBENCH_PROMPTS,
        }
    }

    /// Reads it from a folder, or where it is one table from that file.
    ///
    /// # Errors
    /// [`SuitesError::MissingFile`] where a file is not there; else what is wrong with it.
    pub fn load(&self, path: &Path) -> Result<ListedSuite, SuitesError> {
        let table = |name: &str| {
            let file = if path.is_dir() { path.join(name) } else { path.to_owned() };
            if file.is_file() { Ok(file) } else { Err(missing(path, name)) }
        };
        let model = SpacyModel::default();
        match self.kind {
            Kind::BuiltIn => Err(missing(path, self.key)),
            Kind::Compbench(list, model) => compbench::load_with(path, list, &Category::ALL, model),
            Kind::CompbenchPart(stem) => compbench::load_file(&table(&format!("{stem}.txt"))?, model),
            Kind::Parti => parti::load(&table(parti::FILE)?, model),
            Kind::Geneval => geneval::load(&table(geneval::FILE)?, model),
            Kind::DrawBench => own::load(&table(DRAWBENCH_FILE)?, own::DRAWBENCH, &Columns::default(), model),
        }
    }

    /// Reads some categories of it from a folder that need not have the files of the others. None where its files are not its
    /// categories, or it has none of these.
    pub fn load_part(&self, folder: &Path, categories: &[String]) -> Option<Result<ListedSuite, SuitesError>> {
        let Kind::Compbench(list, model) = self.kind else { return None };
        let is_wanted = |category: &Category| categories.iter().any(|name| name == category.name());
        let wanted: Vec<Category> = Category::ALL.into_iter().filter(is_wanted).collect();
        (!wanted.is_empty()).then(|| compbench::load_with(folder, list, &wanted, model))
    }
}

fn missing(folder: &Path, file: &str) -> SuitesError {
    SuitesError::MissingFile { folder: folder.to_owned(), file: file.to_owned() }
}

fn compbench_file(category: Category, list: List) -> String {
    let suffix = match list {
        List::Val | List::ValBefore2025 => "_val",
        List::Train => "_train",
        List::All => "",
    };
    format!("{}{suffix}.txt", category.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_counts_are_known_without_the_files() {
        let counts: Vec<usize> = KNOWN.iter().map(Known::published).collect();
        assert_eq!(counts, [0, 0, 2400, 2400, 2400, 5600, 7860, 1632, 553, 200]);
    }

    #[test]
    fn every_part_is_an_official_file_with_the_id_that_its_loader_gives_it() {
        for part in &PARTS {
            let Kind::CompbenchPart(stem) = part.kind else { panic!("{} is no part", part.key) };
            assert_eq!(part.key, format!("t2i-compbench-{stem}"));
            assert!(part.published() > 0, "{} is no official file", part.key);
        }
    }

    #[test]
    fn every_list_has_the_key_that_its_loader_gives_it() {
        for known in KNOWN {
            if let Kind::Compbench(list, model) = known.kind {
                assert_eq!(known.key, list.suite_of(model));
            }
        }
    }

    #[test]
    fn an_official_file_has_a_word_that_scores_it_officially() {
        for file in OFFICIAL.iter().filter(|file| file.revision == Revision::Current) {
            let word = Known::word_of(file.sha256);
            assert_eq!(word.is_none(), file.name == compbench::OBJECTS_FILE, "{}: {word:?}", file.name);
            let suite = word.as_deref().and_then(|word| word.split('/').next());
            assert!(suite.is_none_or(|suite| Known::find(suite).is_some()), "{word:?}");
        }
        let word = |name: &str, is_current: bool| {
            let is = |file: &&gentron_suites::files::KnownFile| {
                file.name == name && (file.revision == Revision::Current) == is_current
            };
            Known::word_of(OFFICIAL.iter().find(is).unwrap().sha256)
        };
        assert_eq!(word("numeracy_val.txt", true).as_deref(), Some("t2i-compbench/numeracy"));
        assert_eq!(word("spatial.txt", true).as_deref(), Some("t2i-compbench-all/spatial"));
        assert_eq!(word("color_val_seen.txt", true).as_deref(), Some("t2i-compbench-color_val_seen"));
        assert_eq!(word("color_val.txt", false).as_deref(), Some("t2i-compbench-before-2025/color"));
        assert_eq!(word("spatial.txt", false), None);
        assert_eq!(Known::word_of("0123"), None);
    }

    #[test]
    fn names_of_published_suites_are_not_for_files_of_ones_own() {
        for name in ["shapes", "parti", "t2i-compbench", "t2i-compbench-color_val_seen", "t2i-compbench-mine"] {
            assert!(Known::claims(name), "{name}");
        }
        for name in ["mine", "partiprompts", "numeracy_val", "shapes_2"] {
            assert!(!Known::claims(name), "{name}");
        }
        assert!(Known::is_export(Path::new("tables/drawbench.csv")) && !Known::is_export(Path::new("drawbench.txt")));
    }

    #[test]
    fn every_suite_that_can_be_fetched_says_so() {
        for known in KNOWN.iter().filter(|known| known.origin().is_some()) {
            assert!(known.how_to_get().starts_with("gentron suites fetch "), "{}", known.key);
            assert!(Known::find(known.folder()).is_some());
        }
    }
}
