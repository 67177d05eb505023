//! From a question to a probability and a sentence.

use gentron_suites::ActionKind;

use super::phrase::{NounPhrase, Phrase, describe};
use super::reading::{Reading, Seen};
use super::relations::holds;
use crate::perception::Answer;

/// Answers what a phrase asks of a picture.
pub fn answer(reading: &Reading, phrase: &Phrase) -> Answer {
    match phrase {
        Phrase::Thing(thing) => match thing.count {
            None => answer_thing(reading, thing),
            Some(count) => answer_count(reading, thing, count),
        },
        Phrase::Doing(subject, kind, object) => answer_doing(reading, subject, *kind, object),
    }
}

/// Probability that this object is such a thing: existence x shape x colour x texture.
fn matches(seen: &Seen, thing: &NounPhrase) -> f64 {
    let color = thing.color.map_or(1.0, |color| seen.color[color as usize]);
    let texture = thing.texture.map_or(1.0, |texture| seen.texture[texture as usize]);
    seen.exists * seen.shape[thing.shape as usize] * color * texture
}

/// The likeliest object wins.
fn answer_thing(reading: &Reading, thing: &NounPhrase) -> Answer {
    let best = reading.objects.iter().map(|seen| (matches(seen, thing), seen)).max_by(|a, b| a.0.total_cmp(&b.0));
    let Some((yes, seen)) = best else { return Answer { yes: 0.0, why: "found no object at all".to_owned() } };
    let why = if yes >= 0.5 { format!("found {}", place(reading, seen)) } else { instead(reading, thing) };
    Answer { yes, why }
}

/// What is there in place of the thing.
fn instead(reading: &Reading, thing: &NounPhrase) -> String {
    let noun = thing.shape.word();
    let same: Vec<&Seen> = reading.objects.iter().filter(|seen| seen.best_shape() == thing.shape).collect();
    let Some(seen) = same.first() else {
        let others: Vec<String> = reading.objects.iter().map(|seen| place(reading, seen)).collect();
        return format!("found no {noun}, only {}", others.join(" and "));
    };
    if seen.exists < 0.5 {
        return format!("found only what may be {}", place(reading, seen));
    }
    let texture =
        thing.texture.filter(|&texture| same.iter().all(|seen| seen.best_texture() != texture)).map(|t| t.word());
    let color = thing.color.filter(|&color| same.iter().all(|seen| seen.best_color() != color)).map(|c| c.word());
    let missing: Vec<&str> = texture.into_iter().chain(color).collect();
    let found: Vec<String> = same.iter().map(|seen| place(reading, seen)).collect();
    let missing =
        if missing.is_empty() { "none that is sure".to_owned() } else { format!("no {} one", missing.join(" ")) };
    format!("found {}; {missing}", found.join(" and "))
}

/// Probability that exactly `count` objects are such things, each independently.
fn answer_count(reading: &Reading, thing: &NounPhrase, count: u32) -> Answer {
    let mut exactly = vec![1.0];
    for probability in reading.objects.iter().map(|seen| matches(seen, thing)) {
        exactly.push(0.0);
        for n in (1..exactly.len()).rev() {
            exactly[n] = exactly[n] * (1.0 - probability) + exactly[n - 1] * probability;
        }
        exactly[0] *= 1.0 - probability;
    }
    let found: Vec<String> =
        reading.objects.iter().filter(|seen| matches(seen, thing) >= 0.5).map(|seen| place(reading, seen)).collect();
    let why = if found.is_empty() {
        format!("found no {}", thing.shape.word())
    } else {
        format!("found {}: {}", found.len(), found.join(", "))
    };
    Answer { yes: exactly.get(count as usize).copied().unwrap_or(0.0), why }
}

/// The likeliest pair wins.
fn answer_doing(reading: &Reading, subject: &NounPhrase, kind: ActionKind, object: &NounPhrase) -> Answer {
    let mut best: Option<(f64, f64, &Seen, &Seen)> = None;
    for (i, one) in reading.objects.iter().enumerate() {
        for (_, other) in reading.objects.iter().enumerate().filter(|(j, _)| *j != i) {
            let both = matches(one, subject) * matches(other, object);
            // The relation is looked at only where both may be there: most pairs are not.
            let yes = if both > 1e-6 { both * holds(reading, kind, one, other) } else { 0.0 };
            if best.is_none_or(|(y, b, ..)| (yes, both) > (y, b)) {
                best = Some((yes, both, one, other));
            }
        }
    }
    let verb = match kind {
        ActionKind::Inside => "inside",
        ActionKind::Touching => "touching",
        ActionKind::ConnectedTo => "connected to",
    };
    match best {
        Some((yes, both, one, other)) if both >= 0.5 => {
            let not = if yes >= 0.5 { "" } else { "not " };
            Answer { yes, why: format!("{} is {not}{verb} {}", place(reading, one), place(reading, other)) }
        }
        best => {
            let yes = best.map_or(0.0, |(yes, ..)| yes);
            let missing: Vec<String> = [subject, object]
                .into_iter()
                .filter(|thing| reading.objects.iter().all(|seen| matches(seen, thing) < 0.5))
                .map(|thing| describe(thing.shape, thing.color, thing.texture))
                .collect();
            let missing = if missing.is_empty() { "two different objects".to_owned() } else { missing.join(" and ") };
            Answer { yes, why: format!("did not find {missing}") }
        }
    }
}

/// `a striped red circle at 12,30`, in the image's pixels.
fn place(reading: &Reading, seen: &Seen) -> String {
    let [x, y] = seen.center();
    let name = describe(seen.best_shape(), Some(seen.best_color()), Some(seen.best_texture()));
    format!("{name} at {:.0},{:.0}", x * reading.scale[0], y * reading.scale[1])
}
