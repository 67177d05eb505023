//! Wording of clips: in the official form or in one of many others.

use super::super::caption::{list, phrase};
use super::play::{Play, Role};
use crate::Motion;
use crate::rng::Rng;

/// The words that texts about clips have beside those of pictures, sorted; the smaller vocabulary stays as it is, so that text encoders
/// of pictures can be given these at its end.
pub fn motion_vocabulary() -> Vec<String> {
    const WORDS: [&str; 16] = [
        "clip",
        "down",
        "growing",
        "grows",
        "moves",
        "moving",
        "shrinking",
        "shrinks",
        "standing",
        "stands",
        "still",
        "turning",
        "turns",
        "up",
        "video",
        "while",
    ];
    WORDS.map(str::to_owned).to_vec()
}

/// What prompts say of a motion: `moving left`.
pub const fn motion_words(motion: Motion) -> &'static str {
    match motion {
        Motion::Still => "standing still",
        Motion::Left => "moving left",
        Motion::Right => "moving right",
        Motion::Up => "moving up",
        Motion::Down => "moving down",
        Motion::Grow => "growing",
        Motion::Shrink => "shrinking",
        Motion::Turn => "turning",
    }
}

const fn verb(motion: Motion) -> &'static str {
    match motion {
        Motion::Still => "stands still",
        Motion::Left => "moves left",
        Motion::Right => "moves right",
        Motion::Up => "moves up",
        Motion::Down => "moves down",
        Motion::Grow => "grows",
        Motion::Shrink => "shrinks",
        Motion::Turn => "turns",
    }
}

/// The official wording, as evaluation prompts have it: `a red circle moving left and a blue star growing`.
pub(super) fn official(play: &Play) -> String {
    let part = |role: &Role| format!("{} {}", phrase(&role.thing, false), motion_words(role.motion));
    list(&play.roles.iter().map(part).collect::<Vec<_>>(), false)
}

/// A training caption: about half are official, the others vary words and order.
pub(super) fn varied(play: &Play, rng: &mut Rng) -> String {
    if rng.chance(0.5) {
        return official(play);
    }
    let mut roles = play.roles.clone();
    if rng.chance(0.4) {
        roles.reverse();
    }
    let style = rng.below(4);
    let part = |role: &Role| {
        let thing = phrase(&role.thing, false);
        match style {
            0 => format!("{thing} {}", verb(role.motion)),
            1 => format!("{thing} that {}", verb(role.motion)),
            2 => format!("{thing} that is {}", motion_words(role.motion)),
            _ => format!("{thing} {}", motion_words(role.motion)),
        }
    };
    let parts: Vec<String> = roles.iter().map(part).collect();
    if style == 0 {
        let joint = if rng.chance(0.5) { " while " } else { " and " };
        return format!("{}.", parts.join(joint));
    }
    let body = list(&parts, false);
    match rng.below(6) {
        0 => body,
        1 => format!("{body}."),
        2 => format!("there is {body}."),
        3 => format!("here is {body}."),
        4 => format!("a video of {body}"),
        _ => format!("a clip of {body}."),
    }
}
