//! Memory that a run needs at least: that of its largest network.

use std::path::Path;

use gentron_model::checkpoint::Parameter;
use gentron_model::pipeline::Diffusers;

use super::cost::claimed;
use super::releases::Pipeline;
use crate::recipe::{GeneratorKind, Resolved, ResolvedArm};
use crate::weights::{Release, check, place};

/// A network, as it is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Largest {
    /// Its name, as in "sdxl/unet".
    pub network: String,
    /// Bytes of its numbers in the recipe's type.
    pub bytes: u64,
}

/// The largest network of a run, of those whose size is known; activations and other networks come on top.
pub fn largest(recipe: &Resolved, weights: Option<&Path>) -> Option<Largest> {
    let networks = recipe.arms.iter().flat_map(|arm| match arm.generator {
        GeneratorKind::Gentron => of_gentron(recipe, arm, weights),
        GeneratorKind::Diffusers => of_pipeline(arm, weights),
        _ => Vec::new(),
    });
    let (network, numbers) = networks.max_by_key(|(_, numbers)| *numbers)?;
    Some(Largest { network, bytes: numbers * recipe.weights.dtype.dtype().size_in_bytes() as u64 })
}

/// The backbone and its encoders, and how many numbers each has.
fn of_gentron(recipe: &Resolved, arm: &ResolvedArm, weights: Option<&Path>) -> Vec<(String, u64)> {
    let Some(config) = claimed(recipe, arm, weights) else { return Vec::new() };
    let backbone = config.parameter_count().ok().map(|numbers| (arm.weights.clone().unwrap_or_default(), numbers));
    let encoder = |name: &String| {
        let here = || weights.and_then(|weights| check::parameters(&place(weights, name)).ok());
        Some((name.clone(), encoder_numbers(name).or_else(here)?))
    };
    let encoders = config.text.iter().filter_map(|source| encoder(&source.name));
    backbone.into_iter().chain(encoders).collect()
}

/// Numbers of a published text encoder: of T5 the decoder, which is in its file, is not read.
fn encoder_numbers(name: &str) -> Option<u64> {
    let Some(Release::Network(network)) = Release::named(name) else { return None };
    Some(network.parameters(true).ok()?.iter().map(Parameter::elements).sum())
}

/// The networks of a folder of diffusers, or what is published of the largest.
fn of_pipeline(arm: &ResolvedArm, weights: Option<&Path>) -> Vec<(String, u64)> {
    let Some(name) = arm.weights.as_deref() else { return Vec::new() };
    let folder = weights.map(|weights| place(weights, name));
    let parts = folder.as_ref().and_then(|folder| Diffusers::networks(folder).ok()).unwrap_or_default();
    let numbers = |part: &str| folder.as_ref().and_then(|folder| check::parameters(&folder.join(part)).ok());
    let here: Vec<(String, u64)> =
        parts.iter().filter_map(|(part, _)| Some((format!("{name}/{part}"), numbers(part)?))).collect();
    if here.iter().any(|(_, numbers)| *numbers > 0) {
        return here;
    }
    let published = Pipeline::named(name).and_then(|pipeline| pipeline.largest());
    published.map(|(part, numbers)| (format!("{name}/{part}"), numbers)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::absent_pipeline;
    use super::*;
    use crate::recipe::{Narrowing, WeightType};

    #[test]
    fn the_largest_network_is_held_in_the_type_of_the_recipe() {
        let of = |dtype: WeightType| {
            largest(&absent_pipeline(Narrowing { dtype: Some(dtype), ..Narrowing::default() }), None).unwrap()
        };
        assert_eq!(of(WeightType::F32), Largest { network: "sdxl/unet".into(), bytes: 10_270_000_000 });
        assert_eq!(of(WeightType::Bf16).bytes, 5_135_000_000);
        assert!(encoder_numbers("flan-t5-xxl").unwrap() < 5_000_000_000, "without the decoder");
    }
}
