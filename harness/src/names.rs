//! Nearest names for a misspelt one, and which names are safe in a path.

/// The up to three candidates nearest to `wrong`, best first, none that is far off.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wrong_lower = wrong.to_lowercase();
    let mut scored: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let related = lower.contains(&wrong_lower) || wrong_lower.contains(&lower);
            let distance = edit_distance(&wrong_lower, &lower);
            let limit = wrong.chars().count().max(name.chars().count()) / 2;
            (related || distance <= limit).then_some((distance, name))
        })
        .collect();
    scored.sort();
    scored.into_iter().map(|(_, name)| name).take(3).collect()
}

/// "did you mean `a` or `b`?", or all there is when nothing is near.
pub fn suggestion<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let near = nearest(wrong, candidates.clone());
    let quote = |names: &[&str], last: &str| {
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        match quoted.split_last() {
            Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
            _ => quoted.concat(),
        }
    };
    if near.is_empty() {
        let all: Vec<&str> = candidates.into_iter().collect();
        format!("there is {}", quote(&all, "and"))
    } else {
        format!("did you mean {}?", quote(&near, "or"))
    }
}

/// Whether a name can be one component of a path on every system: lower-case letters, digits, `-`, `_`, `.`; it starts with a
/// letter or a digit and has at most 80 characters.
pub fn is_path_safe(name: &str) -> bool {
    let mut characters = name.chars();
    name.len() <= 80
        && characters.next().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'))
}

/// Levenshtein distance over characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_arm_finds_its_neighbours() {
        let arms = ["adaln-clip", "cross-clip", "cross-t5"];
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(nearest("cros-clip", arms)[0], "cross-clip");
        assert_eq!(suggestion("cross-t6", arms), "did you mean `cross-t5` or `cross-clip`?");
        assert_eq!(suggestion("zzzzzzzzz", arms), "there is `adaln-clip`, `cross-clip` and `cross-t5`");
    }

    #[test]
    fn path_safe_names_cannot_leave_their_folder() {
        assert!(is_path_safe("cross-clip-t5"));
        for bad in ["", "..", "a/b", "A", ".hidden", "a b", "-x"] {
            assert!(!is_path_safe(bad), "{bad}");
        }
    }
}
