//! The fixed evaluation set: 60 prompts a category, 40 whose combinations training shows and 20 whose it never shows.

use std::collections::HashSet;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::Scene;
use super::caption::{official, phrase};
use super::description::{Description, Form};
use super::selection::draw;
use super::staging::{Staging, stage};
use crate::digest::hex;
use crate::rng::{Purpose, Rng};
use crate::{Action, Annotation, Count, Prompt, Relation, Split, Suite};

/// The suite's registry key.
pub const ID: &str = "shapes";

/// Prompts a category whose combinations occur in training; they come first.
const SEEN: usize = 40;
/// Prompts a category that contain a held-out combination.
const UNSEEN: usize = 20;
/// Changing it makes another evaluation set, whose scores compare with nothing published.
const SEED: u64 = 0x5eed_0001;

/// The evaluation set. [`suite`] makes it.
#[derive(Clone, Debug)]
pub struct ShapesSuite {
    prompts: Vec<Prompt>,
    digest: String,
}

impl Suite for ShapesSuite {
    fn id(&self) -> &str {
        ID
    }

    fn digest(&self) -> String {
        self.digest.clone()
    }

    fn prompts(&self) -> &[Prompt] {
        &self.prompts
    }
}

/// The fixed evaluation set: categories in the order of [`Form::CATEGORIES`], in each the seen prompts first.
pub fn suite() -> ShapesSuite {
    static SUITE: OnceLock<ShapesSuite> = OnceLock::new();
    SUITE.get_or_init(build).clone()
}

fn build() -> ShapesSuite {
    let mut prompts = Vec::new();
    for (number, form) in Form::CATEGORIES.into_iter().enumerate() {
        let mut rng = Rng::new(SEED, number as u64, Purpose::Evaluation);
        let mut texts = HashSet::new();
        for (split, wanted) in [(Split::Seen, SEEN), (Split::Unseen, UNSEEN)] {
            for slot in 0..wanted {
                let description = draw(form, split, slot, &texts, &mut rng);
                texts.insert(official(&description));
                prompts.push(prompt(&description, prompts.len() % (SEEN + UNSEEN), split));
            }
        }
    }
    let mut hash = Sha256::new();
    for prompt in &prompts {
        hash.update(format!("{}\t{}\n", prompt.id, prompt.text));
    }
    ShapesSuite { prompts, digest: hex(&hash.finalize()) }
}

fn prompt(description: &Description, index: usize, split: Split) -> Prompt {
    let text = official(description);
    let category = description.form.category();
    let counted = description.form == Form::Numeracy;
    let things = &description.things;
    let phrase = |index: usize| phrase(&things[index], counted);
    let noun = |index: usize| things[index].shape.word().to_owned();
    let annotation = Annotation {
        phrases: (0..things.len()).map(phrase).collect(),
        things: description.objects(),
        relation: description.relation.map(|(subject, kind, object)| Relation {
            kind,
            subject: noun(subject),
            object: noun(object),
        }),
        counts: things
            .iter()
            .filter(|_| counted)
            .map(|thing| Count { noun: thing.shape.word().to_owned(), count: thing.count })
            .collect(),
        action: description.action.map(|(subject, kind, object)| Action {
            kind,
            subject: phrase(subject),
            object: phrase(object),
        }),
        complex: description.complex(),
        ..Annotation::default()
    };
    Prompt {
        id: format!("{category}-{index:03}-{}", &hex(&Sha256::digest(text.as_bytes()))[..8]),
        suite: ID.to_owned(),
        category: category.to_owned(),
        index: index as u32,
        split,
        text,
        annotation,
    }
}

/// A scene that fulfils the prompt in every respect and shows nothing that is not asked for; other seeds give other
/// scenes. Textures that are not asked for are plain.
///
/// A prompt that this world cannot draw gives the empty scene; [`Description::of`] says why.
pub fn scene_for(prompt: &Prompt, seed: u64) -> Scene {
    let Ok(description) = Description::of(prompt) else { return Scene::default() };
    let digest = Sha256::digest(prompt.text.as_bytes());
    let index = digest.iter().take(8).fold(0, |index, &byte| index << 8 | u64::from(byte));
    stage(&description, Staging { unsaid_texture: 0.0 }, &mut Rng::new(seed, index, Purpose::Truth)).scene
}

#[cfg(test)]
mod tests;
