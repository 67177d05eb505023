//! A suite that was read.

use std::path::PathBuf;

use gentron_reports::SuiteFile;
use gentron_suites::{ListedSuite, Prompt, Suite};

/// A suite in memory, with the files that it came from.
pub struct Opened {
    suite: Box<dyn Suite>,
    /// The files, with revision and digest; none where the suite is part of the program.
    pub files: Vec<SuiteFile>,
    /// The folder that holds them, or the one file; none where the suite is part of the program.
    pub at: Option<PathBuf>,
}

impl Opened {
    /// A suite that is part of the program.
    pub fn built_in(suite: impl Suite + 'static) -> Self {
        Self { suite: Box::new(suite), files: Vec::new(), at: None }
    }

    /// A suite that was read from `at`.
    pub fn read(suite: ListedSuite, at: PathBuf) -> Self {
        let file = |source: &gentron_suites::files::SourceFile| SuiteFile {
            name: source.name.clone(),
            revision: source.revision.to_string(),
            sha256: source.sha256.clone(),
        };
        let files = suite.sources().iter().map(file).collect();
        Self { suite: Box::new(suite), files, at: Some(at) }
    }

    /// The registry key, or the name of a user's own suite.
    pub fn id(&self) -> &str {
        self.suite.id()
    }

    /// Digest over ids and texts.
    pub fn digest(&self) -> String {
        self.suite.digest()
    }

    /// All prompts.
    pub fn prompts(&self) -> &[Prompt] {
        self.suite.prompts()
    }

    /// The categories in the suite's own order.
    pub fn categories(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for prompt in self.suite.prompts() {
            if !names.contains(&prompt.category) {
                names.push(prompt.category.clone());
            }
        }
        names
    }
}
