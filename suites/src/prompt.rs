//! Prompts and what is known about them: the words that all suites share.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::phrases::{Parse, PhraseSource, SpacyModel};

/// One text to be drawn, with a stable identity and what a scorer needs to know about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// Stable and safe as a file name (`[a-z0-9_-]`): category, index within it, digest of the text.
    pub id: String,
    /// The suite's registry key, e.g. `shapes`.
    pub suite: String,
    /// The category within the suite, in the suite's own spelling, e.g. `color`.
    pub category: String,
    /// Position within the category, from 0.
    pub index: u32,
    /// Whether the attribute combination occurs in training.
    pub split: Split,
    /// What the generator is asked to draw.
    pub text: String,
    /// What the text asks for.
    pub annotation: Annotation,
}

impl Prompt {
    /// The text's parse, by whoever cut the annotation's phrases: nouns, words that are no adjectives, tokens.
    pub fn parse(&self) -> Parse<'_> {
        match self.annotation.phrase_source {
            Some(PhraseSource::Spacy(model)) => Parse::of(&self.text, model),
            Some(PhraseSource::OwnChunker) => Parse::own(&self.text),
            None => Parse::of(&self.text, SpacyModel::default()),
        }
    }

    /// Who cut the text into phrases, as a protocol card says it: `en_core_web_sm 3.6.0`, `gentron's own chunker`, or
    /// `the suite itself` where the text was written from its phrases.
    pub fn phrases_by(&self) -> String {
        self.annotation.phrase_source.map_or_else(|| "the suite itself".to_owned(), |source| source.to_string())
    }
}

/// How many of the prompts each has cut into phrases, by [`Prompt::phrases_by`]: scores of prompts that others cut are
/// of another protocol.
pub fn phrases_by<'a>(prompts: impl IntoIterator<Item = &'a Prompt>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for prompt in prompts {
        *counts.entry(prompt.phrases_by()).or_default() += 1;
    }
    counts
}

/// Whether a prompt's combination of attributes occurs in training data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// The combination occurs in training.
    Seen,
    /// The combination was held out of training.
    Unseen,
    /// The suite makes no such distinction.
    Unsplit,
}

/// What a prompt asks for, as far as the suite knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// Noun phrases in order; the VQA question is the phrase and a question mark.
    pub phrases: Vec<String>,
    /// How many objects the prompt asks for; 0 where nobody counted them.
    pub things: u32,
    /// The spatial relation between two nouns.
    pub relation: Option<Relation>,
    /// How many of which noun.
    pub counts: Vec<Count>,
    /// The non-spatial relation between two phrases.
    pub action: Option<Action>,
    /// Which scores the 3-in-1 of a complex prompt averages.
    pub complex: Option<ComplexKind>,
    /// What the objects of a clip do; empty for pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub motions: Vec<Moving>,
    /// Who cut the text into `phrases`; absent where the suite wrote the text from them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase_source: Option<PhraseSource>,
    /// What else the suite's file says of the prompt, by column, in the file's own spelling: PartiPrompts' `category`,
    /// `challenge` and `note`, GenEval's `include`, any column of a user's table. A blank cell is no attribute.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Position in the suite's file, from 0, where that file mixes its categories and [`Suite::prompts`] does not; absent where both have
    /// one order. It is of the file that was read, and not written down with the prompt.
    #[serde(skip)]
    pub place: Option<u32>,
}

/// A spatial relation between two nouns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// Where the subject is, seen from the object.
    pub kind: RelationKind,
    /// Noun, singular.
    pub subject: String,
    /// Noun, singular.
    pub object: String,
}

/// T2I-CompBench's spatial relations: the first seven in the plane, the last three in depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name is its own relation")]
pub enum RelationKind {
    LeftOf,
    RightOf,
    TopOf,
    BottomOf,
    NextTo,
    Near,
    OnSideOf,
    InFrontOf,
    Behind,
    HiddenBy,
}

/// A wanted number of one kind of object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// Noun, singular.
    pub noun: String,
    /// How many are wanted.
    pub count: u32,
}

/// A relation that is not one of place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// What the subject does.
    pub kind: ActionKind,
    /// Noun phrase.
    pub subject: String,
    /// Noun phrase.
    pub object: String,
}

/// The actions of the shapes world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name is its own action")]
pub enum ActionKind {
    Inside,
    Touching,
    ConnectedTo,
}

/// What one object of a clip does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moving {
    /// Noun phrase.
    pub phrase: String,
    /// How it moves.
    pub motion: Motion,
}

/// The motions of the shapes world: one goes on through the whole clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Motion {
    /// None.
    Still,
    /// Towards the left edge.
    Left,
    /// Towards the right edge.
    Right,
    /// Towards the upper edge.
    Up,
    /// Towards the lower edge.
    Down,
    /// Twice the width in the end.
    Grow,
    /// Half the width in the end.
    Shrink,
    /// Clockwise about its centre.
    Turn,
}

/// The three groups of T2I-CompBench's complex prompts, which its 3-in-1 score treats differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComplexKind {
    /// Attributes and a spatial relation.
    Spatial,
    /// Attributes and an action.
    Action,
    /// All three.
    SpatialAction,
}

/// A named, fixed list of prompts.
pub trait Suite: Send + Sync {
    /// Registry key, e.g. `shapes`.
    fn id(&self) -> &str;
    /// SHA-256 over ids and texts in order, hexadecimal.
    fn digest(&self) -> String;
    /// All prompts, by category, then index.
    fn prompts(&self) -> &[Prompt];
}
