//! From a prompt back to what it says, by its annotation.

use super::description::{Description, Form, Thing};
use super::words::number_of;
use super::{Color, Shape, Texture};
use crate::{Prompt, SuitesError};

/// Beyond this not even overlapping objects make sense.
const MOST_OBJECTS: u64 = 64;

impl Description {
    /// What a prompt of this world says, read from its annotation.
    ///
    /// # Errors
    /// [`SuitesError::UnknownPhrase`] and [`SuitesError::UnknownWord`] for what this world cannot draw,
    /// [`SuitesError::UnboundName`] for a relation whose subject or object is not exactly one of the prompt's things,
    /// [`SuitesError::Empty`] for a prompt without things, [`SuitesError::TooMany`] for more than can be drawn.
    pub fn of(prompt: &Prompt) -> Result<Self, SuitesError> {
        let annotation = &prompt.annotation;
        let mut things = Vec::new();
        for phrase in &annotation.phrases {
            things.push(thing(phrase)?);
        }
        if things.is_empty() {
            for count in &annotation.counts {
                things.push(Thing { count: count.count, ..Thing::new(count.noun.parse()?) });
            }
        }
        if things.is_empty() {
            return Err(SuitesError::Empty { text: prompt.text.clone() });
        }
        let wanted = things.iter().map(|thing| u64::from(thing.count)).sum();
        if wanted > MOST_OBJECTS {
            return Err(SuitesError::TooMany { wanted, most: MOST_OBJECTS });
        }
        let only = |name: &str, matches: &dyn Fn(&Thing) -> bool| {
            let mut found = (0..things.len()).filter(|&index| things[index].count == 1 && matches(&things[index]));
            match (found.next(), found.next()) {
                (Some(index), None) => Ok(index),
                _ => Err(SuitesError::UnboundName { name: name.to_owned(), text: prompt.text.clone() }),
            }
        };
        // A name is a noun, or a phrase with the same words as the thing's.
        let bind = |name: &str| match name.parse::<Shape>() {
            Ok(shape) => only(name, &|thing| thing.shape == shape),
            Err(_) => thing(name).and_then(|wanted| only(name, &|thing| *thing == wanted)),
        };
        let relation = match &annotation.relation {
            Some(relation) => Some((bind(&relation.subject)?, relation.kind, bind(&relation.object)?)),
            None => None,
        };
        let action = match &annotation.action {
            Some(action) => Some((bind(&action.subject)?, action.kind, bind(&action.object)?)),
            None => None,
        };
        let known = Form::CATEGORIES.into_iter().find(|form| form.category() == prompt.category);
        Ok(Self { form: known.unwrap_or(Form::Complex), things, relation, action })
    }
}

/// Reads `a striped red circle` or `three circles`: an article or number, texture, colour, noun.
pub(super) fn thing(phrase: &str) -> Result<Thing, SuitesError> {
    let unknown = || SuitesError::UnknownPhrase { phrase: phrase.to_owned() };
    let words: Vec<&str> = phrase.split_whitespace().collect();
    let (noun, before) = words.split_last().ok_or_else(unknown)?;
    let (lead, adjectives) = before.split_first().ok_or_else(unknown)?;
    let count = match *lead {
        "a" | "an" | "the" => 1,
        number => number_of(number).ok_or_else(unknown)?,
    };
    let mut thing = Thing { count, ..Thing::new(noun.parse()?) };
    for adjective in adjectives {
        match (adjective.parse::<Texture>(), adjective.parse::<Color>()) {
            (Ok(texture), _) if thing.texture.is_none() && thing.color.is_none() => thing.texture = Some(texture),
            (_, Ok(color)) if thing.color.is_none() => thing.color = Some(color),
            _ => return Err(unknown()),
        }
    }
    Ok(thing)
}
