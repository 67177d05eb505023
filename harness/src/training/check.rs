//! What can be known of a whole training before its first network: names, and the networks that others are made from. What a network's own part
//! of a recipe cannot say, [`NetworkRecipe::check`] finds.

use std::collections::BTreeSet;
use std::path::Path;

use gentron_model::pipeline::EncoderKind;
use gentron_model::train::{Beginning, NetworkRecipe, ObjectiveRecipe, TrainRecipe};

use crate::failure::refuse;
use crate::names::is_path_safe;
use crate::weights::{Kind, Release, check_folder, check_tensors};

/// Every network's name is that of its folder, and no other's.
///
/// # Errors
/// A name that would lead out of the weights folder, or that two networks have.
pub fn names(recipe: &TrainRecipe) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for NetworkRecipe { name, .. } in &recipe.network {
        if !is_path_safe(name) {
            let hint = "use lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or a digit: weights and \
                        state go to folders of that name";
            return Err(refuse(format!("a network cannot be called `{name}`"), hint));
        }
        if !seen.insert(name) {
            let hint = "give each a name of its own: weights and state go to folders of that name";
            return Err(refuse(format!("two networks of the recipe are called `{name}`"), hint));
        }
    }
    Ok(())
}

/// Of T5s whose length a recipe does not say. That texts fit at all is what is asked here, and any usual length says so.
const T5_LENGTH: usize = 120;

/// The finished networks that a network is trained on, and what it reads each as.
pub fn frozen(network: &NetworkRecipe) -> Vec<(&str, Kind)> {
    let ObjectiveRecipe::GenTron { frozen, .. } = &network.objective else { return Vec::new() };
    let encoders = frozen.encoders.iter().map(|encoder| {
        let kind = match encoder.kind {
            EncoderKind::Clip => Kind::Clip,
            EncoderKind::T5 => Kind::T5 { length: encoder.length.unwrap_or(T5_LENGTH) },
        };
        (encoder.name.as_str(), kind)
    });
    std::iter::once((frozen.autoencoder.as_str(), Kind::Autoencoder)).chain(encoders).collect()
}

/// Whether a name means what others published. The recipe's own networks are in the weights folder, whatever they are called.
pub fn is_published(recipe: &TrainRecipe, name: &str) -> bool {
    !recipe.network.iter().any(|network| network.name == name) && Release::named(name).is_some()
}

/// Whether all that the chosen networks begin from and are trained on is in the weights folder, whole, or is trained before them; but for what
/// is published and may yet be brought.
///
/// # Errors
/// What is nowhere, damaged or another kind of network.
pub fn foundations(
    recipe: &TrainRecipe,
    chosen: &[&NetworkRecipe],
    weights: &Path,
    beginning: Beginning,
) -> anyhow::Result<()> {
    for (number, network) in chosen.iter().enumerate() {
        let earlier = |name: &str| chosen[..number].iter().find(|other| other.name == name);
        if let Some(initial) = &network.initial {
            if *initial == network.name {
                let hint = "give it a name of its own: its weights would replace those that it begins from";
                return Err(refuse(format!("{initial} begins from itself"), hint));
            }
            let file = |folder: &str, file: &str| weights.join(folder).join(file).is_file();
            // One that goes on from its own exported weights needs its beginning no more: their card remembers it.
            let goes_on = beginning == Beginning::Exported && file(&network.name, "card.json");
            if earlier(initial).is_none() && !file(initial, "model.safetensors") && !goes_on {
                return Err(nowhere(&format!("{} begins from", network.name), initial, weights));
            }
        }
        for (name, kind) in frozen(network) {
            match earlier(name) {
                Some(other) if is_of(kind, &other.objective) => {}
                Some(_) => {
                    let what = format!("{} reads {name} as {}, which it is not", network.name, called(kind));
                    return Err(refuse(what, "name a network of that kind in [network.objective.frozen]"));
                }
                None if is_published(recipe, name) => {}
                None if !weights.join(name).is_dir() => {
                    return Err(nowhere(&format!("{} is trained on", network.name), name, weights));
                }
                None => {
                    check_folder(weights, name)?;
                    check_tensors(weights, name, kind)?;
                }
            }
        }
    }
    Ok(())
}

fn nowhere(who: &str, name: &str, weights: &Path) -> anyhow::Error {
    let what = format!("{who} {name}, which is neither in {} nor trained before it", weights.display());
    let hint =
        format!("train {name} first, with the same --weights; or name the folder that has it with --weights DIR");
    refuse(what, hint)
}

/// Whether what is trained for `objective` can be read as `kind`.
fn is_of(kind: Kind, objective: &ObjectiveRecipe) -> bool {
    match kind {
        Kind::Autoencoder => matches!(objective, ObjectiveRecipe::Autoencoder { .. }),
        Kind::Clip => matches!(objective, ObjectiveRecipe::Clip { .. }),
        Kind::T5 { .. } => matches!(objective, ObjectiveRecipe::T5 { .. }),
        Kind::Backbone | Kind::Pipeline => false,
    }
}

fn called(kind: Kind) -> &'static str {
    match kind {
        Kind::Autoencoder => "an autoencoder",
        Kind::Clip => "a CLIP",
        Kind::T5 { .. } => "a T5",
        Kind::Backbone => "a GenTron",
        Kind::Pipeline => "a pipeline",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::parse;
    use crate::training::ShapesSource;

    const SHIPPED: [&str; 2] =
        [include_str!("../../../recipes/train-shapes.toml"), include_str!("../../../recipes/train-shapes-video.toml")];

    #[test]
    fn nothing_is_said_against_the_shipped_recipes() {
        for text in SHIPPED {
            let recipe: TrainRecipe = parse(text, "shipped").unwrap();
            names(&recipe).unwrap();
            for network in &recipe.network {
                network.check(&ShapesSource::default()).unwrap_or_else(|error| panic!("{}: {error}", network.name));
            }
        }
    }

    #[test]
    fn a_recipe_in_order_needs_nothing_and_a_network_alone_all_that_it_is_made_from() {
        let recipe: TrainRecipe = parse(SHIPPED[0], "shipped").unwrap();
        let nothing = tempfile::tempdir().unwrap();
        let all: Vec<&NetworkRecipe> = recipe.network.iter().collect();
        foundations(&recipe, &all, nothing.path(), Beginning::Anew).unwrap();
        let said = |chosen: &[&NetworkRecipe], beginning| {
            foundations(&recipe, chosen, nothing.path(), beginning).unwrap_err().to_string()
        };
        let last = all.last().copied().unwrap();
        let initial = last.initial.as_deref().unwrap();
        assert!(said(&[last], Beginning::Anew).contains(&format!("{} begins from {initial}", last.name)));
        let first = all.iter().copied().find(|network| network.is_gentron()).unwrap();
        assert!(said(&[first], Beginning::Anew).contains(&format!("{} is trained on autoencoder-shapes", first.name)));
        // Of a network with a card of its own, what it is trained on is missed first.
        let own = nothing.path().join(&last.name);
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("card.json"), "{}").unwrap();
        assert!(said(&[last], Beginning::Exported).contains("is trained on autoencoder-shapes"));
        assert!(said(&[last], Beginning::Anew).contains("begins from"));
    }
}
