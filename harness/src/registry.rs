//! The names that a user can type: suites and their categories.

use gentron_suites::Suite;

/// Every suite of the program.
pub fn suites() -> Vec<Box<dyn Suite>> {
    vec![Box::new(gentron_suites::shapes::suite())]
}

/// A suite's categories in its own order.
pub fn categories(suite: &dyn Suite) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for prompt in suite.prompts() {
        if !names.contains(&prompt.category) {
            names.push(prompt.category.clone());
        }
    }
    names
}
