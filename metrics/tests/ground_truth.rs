//! The exact metrics of the small world on pictures whose content is known: right, wrong, and slightly spoilt.

#[path = "shapes/pictures.rs"]
mod pictures;
#[path = "shapes/scores.rs"]
mod scores;

use pictures::{Spoil, spoilt};
use scores::{EXACT, Means, means, truth};

/// Seeds of the scenes, each another picture of the prompt.
const SEEDS: u64 = 3;

fn print(title: &str, means: &Means) {
    println!("{title}");
    for ((category, metric), mean) in means {
        println!("  {category:<12} {metric:<16} {mean:.4}");
    }
}

#[test]
fn rendered_truth_scores_at_least_995_thousandths_in_every_category() {
    let means = means(SEEDS, |prompt, seed| (prompt.clone(), truth(prompt, seed)));
    print("rendered truth", &means);
    assert_eq!(means.keys().map(|(category, metric)| (category.as_str(), metric.as_str())).collect::<Vec<_>>(), EXACT);
    for (key, mean) in means {
        assert!(mean >= 0.995, "{key:?}: {mean}");
    }
}

#[test]
fn blurred_and_noisy_truth_scores_at_least_97_hundredths_in_every_category() {
    let spoil = Spoil { blur: 1, noise: 4.0 };
    let means = means(SEEDS, |prompt, seed| {
        (prompt.clone(), spoilt(&truth(prompt, seed), spoil, seed + u64::from(prompt.index)))
    });
    print("rendered truth, 3 x 3 box blur, then noise of 4 grey levels", &means);
    for (key, mean) in means {
        assert!(mean >= 0.97, "{key:?}: {mean}");
    }
}

/// Every prompt is asked of pictures of other prompts of its category; what it still scores is its chance level.
#[test]
fn pictures_of_other_prompts_score_near_chance() {
    let means = scores::chance(SEEDS);
    print("pictures of other prompts of the category: the chance level", &means);
    for ((category, metric), mean) in means {
        let bound = scores::chance_bound(&category, &metric);
        assert!(mean <= bound, "{category} {metric}: {mean} above {bound}");
    }
}
