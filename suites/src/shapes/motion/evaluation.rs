//! The fixed evaluation set of clips: 20 prompts a category, 15 whose combinations training shows and 5 whose it never shows.

use std::collections::HashSet;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::super::caption::phrase;
use super::super::understanding::thing;
use super::caption::official;
use super::clip::Clip;
use super::play::{Play, Role};
use super::training::motions;
use crate::listed::{Draft, Listing};
use crate::rng::{Purpose, Rng};
use crate::{Annotation, ListedSuite, Motion, Moving, Prompt, Split};

/// The suite's registry key.
pub const ID: &str = "shapes-motion";

/// Prompts a category whose combinations occur in training; they come first.
const SEEN: usize = 15;
/// Prompts a category that contain a held-out combination; of turning shapes there are no more than these.
const UNSEEN: usize = 5;
/// Changing it makes another evaluation set.
const SEED: u64 = 0x5eed_0002;

/// What the prompts of a category ask for.
const CATEGORIES: [(&str, &[Motion]); 4] = [
    ("translate", &[Motion::Left, Motion::Right, Motion::Up, Motion::Down]),
    ("scale", &[Motion::Grow, Motion::Shrink]),
    ("turn", &[Motion::Turn]),
    ("still", &[Motion::Still]),
];

/// The category of two objects with different motions.
const TWO: &str = "two_motions";

/// The fixed evaluation set: translate, scale, turn, still, two motions; in each the seen prompts first.
pub fn suite() -> ListedSuite {
    static SUITE: OnceLock<ListedSuite> = OnceLock::new();
    SUITE.get_or_init(build).clone()
}

fn build() -> ListedSuite {
    let mut listing = Listing::new(ID);
    let names = CATEGORIES.iter().map(|(name, _)| *name).chain([TWO]);
    for (number, category) in names.enumerate() {
        let mut rng = Rng::new(SEED, number as u64, Purpose::Evaluation);
        let mut texts = HashSet::new();
        for index in 0..SEEN + UNSEEN {
            let split = if index < SEEN { Split::Seen } else { Split::Unseen };
            let play = loop {
                let motions = match CATEGORIES.get(number) {
                    Some((_, kinds)) => vec![kinds[index % kinds.len()]],
                    None => motions(true, &mut rng),
                };
                let play = Play::draw(&motions, split == Split::Unseen, &mut rng);
                if texts.insert(official(&play)) {
                    break play;
                }
            };
            listing.push(draft(&play, category, split));
        }
    }
    listing.finish()
}

fn draft(play: &Play, category: &str, split: Split) -> Draft {
    let phrases: Vec<String> = play.roles.iter().map(|role| phrase(&role.thing, false)).collect();
    let moving = |(role, phrase): (&Role, &String)| Moving { phrase: phrase.clone(), motion: role.motion };
    let annotation = Annotation {
        things: play.roles.len() as u32,
        motions: play.roles.iter().zip(&phrases).map(moving).collect(),
        phrases,
        ..Annotation::default()
    };
    Draft { category: category.to_owned(), split, text: official(play), annotation }
}

/// A clip that fulfils the prompt; other seeds give other clips. A prompt whose phrases this world cannot draw gives an empty clip.
pub fn clip_for(prompt: &Prompt, seed: u64) -> Clip {
    let role = |moving: &Moving| Some(Role { thing: thing(&moving.phrase).ok()?, motion: moving.motion });
    let Some(roles) = prompt.annotation.motions.iter().map(role).collect::<Option<Vec<_>>>() else {
        return Clip::default();
    };
    let digest = Sha256::digest(prompt.text.as_bytes());
    let index = digest.iter().take(8).fold(0, |index, &byte| index << 8 | u64::from(byte));
    Clip::stage(&Play { roles }, &mut Rng::new(seed, index, Purpose::ClipTruth))
}
