//! How many prompts a recipe asks for where the files of its suites are not here: as many as are published.

use gentron_suites::compbench::{Category, List};
use gentron_suites::files::{OFFICIAL, Origin, Revision};

use crate::recipe::SuiteChoice;
use crate::registry::{Known, Library, Reference, SuiteKey};
use crate::table::grouped;

/// Prompts of a recipe whose suites are not all here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supposed {
    /// How many.
    pub prompts: usize,
    /// What that rests on, as in "parti has its published 1632 prompts".
    pub grounds: Vec<String>,
}

/// What the suites of a recipe come to, those that are not here with their published sizes; none where one of them is a user's own, or
/// not known.
pub fn supposed(choices: &[SuiteChoice], library: &Library) -> Option<Supposed> {
    let mut all = Supposed::default();
    for choice in choices {
        let key = SuiteKey::parse(&choice.name()).ok()?;
        let subset = key.subset.map(|(count, _)| count).or(choice.subset);
        let categories = key.category.map(|category| vec![category]).or_else(|| choice.categories.clone());
        let wanted = |name: &str| categories.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted == name));
        let (prompt_column, category_column) = (choice.prompt_column.clone(), choice.category_column.clone());
        let asked = categories.clone().unwrap_or_default();
        let reference = Reference { id: key.suite, prompt_column, category_column, categories: asked, digest: None };
        let (counts, most): (Vec<usize>, Option<u32>) = if let Ok(suite) = library.open(&reference) {
            let of = |name: &String| suite.prompts().iter().filter(|prompt| prompt.category == *name).count();
            let names = suite.categories();
            (names.iter().filter(|name| wanted(name.as_str())).map(of).collect(), choice.prompts_per_category)
        } else {
            let known = Known::find(&reference.id)?;
            let counts = published(known, &wanted);
            let count: usize = counts.as_ref().map_or_else(|| known.published(), |counts| counts.iter().sum());
            all.grounds.push(format!("{} has its published {} prompts", known.key, grouped(count as u64)));
            match counts {
                Some(counts) => (counts, choice.prompts_per_category),
                // Of which category each of them is stands in the files alone: at most so many.
                None => (vec![count], None),
            }
        };
        let drawn: usize = counts.iter().map(|count| most.map_or(*count, |most| (*count).min(most as usize))).sum();
        all.prompts += subset.map_or(drawn, |subset| drawn.min(subset as usize));
    }
    (all.prompts > 0).then_some(all)
}

/// Prompts of each wanted category of T2I-CompBench, whose files are categories; none for other suites.
fn published(known: &Known, wanted: &dyn Fn(&str) -> bool) -> Option<Vec<usize>> {
    let lists = [List::Val, List::ValBefore2025, List::Train, List::All];
    let ending = match lists.into_iter().find(|list| list.suite() == known.key)? {
        List::Val | List::ValBefore2025 => "_val",
        List::Train => "_train",
        List::All => "",
    };
    let of = |category: Category| {
        let name = format!("{}{ending}.txt", category.name());
        let file = OFFICIAL
            .iter()
            .find(|file| file.origin == Origin::Compbench && file.revision == Revision::Current && file.name == name);
        file.map_or(0, |file| file.prompts)
    };
    Some(Category::ALL.into_iter().filter(|category| wanted(category.name())).map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_that_are_not_here_have_as_many_prompts_as_are_published() {
        let count = |choice: SuiteChoice| supposed(&[choice], &Library::default()).map(|supposed| supposed.prompts);
        let of = SuiteChoice::of;
        assert_eq!(count(of("t2i-compbench")), Some(2400));
        assert_eq!(count(of("t2i-compbench/color")), Some(300));
        let two = vec!["color".to_owned(), "complex".to_owned()];
        let choice = SuiteChoice { categories: Some(two), prompts_per_category: Some(7), ..of("t2i-compbench") };
        assert_eq!(count(choice), Some(14));
        assert_eq!(count(of("parti")), Some(1632));
        assert_eq!(count(of("parti:100")), Some(100));
        assert_eq!(count(of("nobodys")), None);
        let said = supposed(&[of("parti")], &Library::default()).unwrap().grounds;
        assert_eq!(said, [format!("parti has its published {} prompts", grouped(1632))]);
    }
}
