//! What the report says about a run besides its observations.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use gentron_metrics::MetricId;
use gentron_metrics::formulas::NP_NUM;
use gentron_model::autoencoder::AutoencoderKlConfig;
use gentron_model::checkpoint::read_json;
use gentron_model::gentron::GenTronConfig;
use gentron_model::pipeline::{Diffusers, Family};
use gentron_model::text::clip::ClipTextConfig;
use gentron_model::train::TrainingCard as ModelCard;
use gentron_reports::{ArmInfo, CategoryInfo, Protocol, RunInfo, SamplerInfo, SuiteInfo, TrainingCard};
use gentron_suites::Prompt;
use gentron_suites::shapes::motion;

use crate::failure::Explain as _;
use crate::generate::{Sources, gentron, imported};
use crate::recipe::words::Words as _;
use crate::recipe::{EncoderKind, GeneratorKind, Resolved, ResolvedArm, Sampler, World};
use crate::registry::{Known, Opened};
use crate::score::Scorer;
use crate::weights::check::parameters;
use crate::weights::{PIPELINE_HINT, place};
use crate::{device, version};

/// The categories of the paper's Mean; `spatial` is how the official files spell `2d_spatial`.
const IN_MEAN: [&str; 7] = ["color", "shape", "texture", "2d_spatial", "spatial", "non_spatial", "complex"];

/// Whether a suite has the paper's categories.
fn has_the_papers_mean(suite: &str) -> bool {
    suite == gentron_suites::shapes::ID || suite.starts_with("t2i-compbench")
}

/// What a run is about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// What is asked for.
    pub recipe: &'a Resolved,
    /// All prompts.
    pub prompts: &'a [Prompt],
    /// The recipe's suites, in its order.
    pub suites: &'a [Arc<Opened>],
    /// Who scores.
    pub scorer: &'a Scorer,
}

/// Describes a run, without the categories' limits. `command` is how one would ask for it again.
///
/// # Errors
/// A card or a configuration beside the weights cannot be read.
pub fn describe(
    subject: &Subject<'_>,
    sources: &Sources,
    digests: &BTreeMap<String, String>,
    command: String,
) -> anyhow::Result<RunInfo> {
    let Subject { recipe, prompts, suites: opened, scorer } = *subject;
    let mut arms: Vec<ArmInfo> =
        recipe.arms.iter().map(|arm| arm_info(recipe, arm, sources, digests)).collect::<anyhow::Result<_>>()?;
    tell_apart(&mut arms);
    // Elsewhere the paper has no Mean; where all suites are scored alike, theirs is over all categories.
    let alike = !recipe.suites.iter().any(|suite| has_the_papers_mean(&suite.id));
    let (mut categories, mut headlines) = (Vec::new(), Vec::new());
    for suite in &recipe.suites {
        for id in &suite.categories {
            let Some(headline) = scorer.headline(&suite.id, id) else { continue };
            headlines.push(headline);
            categories.push(CategoryInfo {
                suite: suite.id.clone(),
                id: id.clone(),
                label: label(id),
                headline_metric: scorer.name(&suite.id, headline),
                in_mean: IN_MEAN.contains(&id.as_str()) || alike,
                ceiling: None,
                chance: None,
            });
        }
    }
    let count = |suite: &str| prompts.iter().filter(|prompt| prompt.suite == suite).count() as u64;
    let mut suites: Vec<SuiteInfo> = Vec::new();
    for suite in opened {
        // A suite may be there in parts, category by category.
        if suites.iter().all(|known| known.id != suite.id()) {
            let (id, files) = (suite.id().to_owned(), suite.files.clone());
            let licence = Known::find(&id).and_then(Known::licence).map(str::to_owned);
            suites.push(SuiteInfo { prompts: count(&id), id, digest: suite.digest(), licence, files });
        }
    }
    let photographs = recipe.suites.iter().any(|suite| suite.world() == World::Photographs);
    let sampler = recipe.arms[0].sampler;
    let planned = recipe.arms.len() as u64 * prompts.len() as u64 * u64::from(recipe.images_per_prompt);
    Ok(RunInfo {
        name: recipe.name.clone(),
        created: None,
        code: version::code(),
        command,
        device: Some(device::name(recipe.weights.dtype)),
        power: device::power(),
        protocol: Protocol {
            suites,
            images_per_prompt: recipe.images_per_prompt,
            seed: recipe.seed,
            sampler: sampler_info(&sampler),
            scorers: scorer.card(categories.iter().map(|category| (category.suite.as_str(), category.id.as_str()))),
            np_num: np_num(&headlines),
            resize: if photographs {
                scorer.resize(categories.iter().map(|category| (category.suite.as_str(), category.id.as_str())))
            } else {
                "none".to_owned()
            },
            image_size: image_size(recipe, sources)?,
        },
        arms,
        baseline: recipe.baseline.clone(),
        categories,
        challenges: challenges(prompts),
        planned_tasks: planned,
        finished_tasks: None,
    })
}

/// Noun phrases that headline scores ask for; nothing where some ask for another number than others, beside which no published table can
/// stand. Where none asks for any, the usual number.
fn np_num(headlines: &[MetricId]) -> Option<u32> {
    let mut asked: Vec<usize> = headlines.iter().filter_map(|metric| metric.np_num()).collect();
    asked.sort_unstable();
    asked.dedup();
    match asked[..] {
        [] => Some(NP_NUM as u32),
        [np_num] => Some(np_num as u32),
        _ => None,
    }
}

/// Width and height of the images: of the first arm of which they are known before they are drawn. Arms of the suite shapes' own
/// renderer have its size.
fn image_size(recipe: &Resolved, sources: &Sources) -> anyhow::Result<[u32; 2]> {
    for arm in &recipe.arms {
        let known = match (arm.generator, sources.weights.as_deref()) {
            (GeneratorKind::Gentron, Some(weights)) => {
                let latent = gentron::config(arm, weights)?.latent_size;
                let folder = place(weights, &recipe.weights.autoencoder);
                let autoencoder: AutoencoderKlConfig = read_json(&folder.join("config.json"))
                    .with_context(|| format!("cannot read the autoencoder's configuration in {}", folder.display()))?;
                Some([(latent * autoencoder.factor()) as u32; 2])
            }
            (GeneratorKind::Diffusers, Some(weights)) => Some(pipeline(arm, weights)?.1),
            (GeneratorKind::Import, _) => imported::open(arm, sources)?.record.size,
            (GeneratorKind::Command, _) => arm.program.as_ref().and_then(|program| program.size),
            _ => None,
        };
        if let Some(size) = known {
            return Ok(size);
        }
    }
    Ok([64; 2])
}

/// What makes each prompt hard, where its suite has a column of that name.
fn challenges(prompts: &[Prompt]) -> BTreeMap<String, String> {
    let of = |prompt: &Prompt| {
        let challenge = prompt.annotation.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case("challenge"))?;
        Some((prompt.id.clone(), challenge.1.clone()))
    };
    prompts.iter().filter_map(of).collect()
}

/// Arms of one label get what else distinguishes them: the scale where it differs, else the name.
fn tell_apart(arms: &mut [ArmInfo]) {
    let labels: Vec<String> = arms.iter().map(|arm| arm.label.clone()).collect();
    let scales: Vec<String> = arms.iter().map(|arm| arm.scale.clone()).collect();
    for (index, arm) in arms.iter_mut().enumerate() {
        let alike: Vec<usize> = (0..labels.len()).filter(|&i| i != index && labels[i] == labels[index]).collect();
        if !alike.is_empty() {
            let by_scale = alike.iter().all(|&i| scales[i] != scales[index]);
            let more = if by_scale { arm.scale.trim_start_matches("gentron-") } else { &arm.id };
            arm.label = format!("{} · {more}", labels[index]);
        }
    }
}

fn arm_info(
    recipe: &Resolved,
    arm: &ResolvedArm,
    sources: &Sources,
    digests: &BTreeMap<String, String>,
) -> anyhow::Result<ArmInfo> {
    let mut info = ArmInfo {
        id: arm.name.clone(),
        label: arm.name.clone(),
        conditioning: String::new(),
        text_encoders: Vec::new(),
        scale: arm.scale.clone().unwrap_or_default(),
        parameters: 0,
        gflops_per_image: None,
        seconds_per_image: None,
        sampler: None,
        weights_digest: String::new(),
        training: None,
        paper_row: arm.paper_row.clone(),
        frames: recipe.suites.iter().any(|suite| suite.id == motion::ID).then_some(motion::FRAMES as u32),
        motion_free: None,
    };
    match (arm.generator, &arm.weights, sources.weights.as_deref()) {
        (GeneratorKind::GroundTruth, ..) => info.label = "rendered ground truth".to_owned(),
        (GeneratorKind::ReconstructedTruth, ..) => info.label = "ground truth through the autoencoder".to_owned(),
        (GeneratorKind::ShuffledTruth, ..) => info.label = "ground truth of another prompt".to_owned(),
        (GeneratorKind::Gentron, Some(name), Some(weights)) => {
            let config = gentron::config(arm, weights)?;
            info.conditioning = config.conditioning.word().to_owned();
            info.text_encoders = config
                .text
                .iter()
                .map(|source| if source.name == recipe.weights.t5 { EncoderKind::T5 } else { EncoderKind::Clip })
                .map(|kind| kind.word().to_owned())
                .collect();
            info.sampler = Some(sampler_info(&arm.sampler));
            info.frames = arm.sampler.frames;
            info.label = format!("{} · {}", info.conditioning, info.text_encoders.join(" + "));
            let folder = weights.join(name);
            info.parameters = parameters(&folder)?;
            info.gflops_per_image = Some(gflops(recipe, arm, &config, weights)?);
            let card = card(&folder.join("card.json"))?;
            info.motion_free = card.as_ref().and_then(|card| card.recipe["objective"]["motion_free"].as_f64());
            if info.frames.is_some() {
                info.label = clip_label(info.motion_free, arm.sampler.motion_guidance);
            }
            info.training = card.as_ref().map(training).transpose()?;
            let network = format!("{name}/model.safetensors");
            info.weights_digest = digests.get(&network).cloned().unwrap_or_default();
        }
        (GeneratorKind::Diffusers, Some(name), Some(weights)) => {
            let family = pipeline(arm, weights)?.0;
            info.label = format!("{} ({})", arm.name, family.name());
            info.sampler = Some(sampler_info(&arm.sampler));
            info.parameters = parameters(&place(weights, name).join(family.backbone()))?;
            let backbone = format!("{name}/{}/", family.backbone());
            info.weights_digest = digests
                .iter()
                .find(|(path, _)| path.starts_with(&backbone) && path.ends_with(".safetensors"))
                .map_or(String::new(), |(_, digest)| digest.clone());
        }
        (GeneratorKind::Import, ..) => {
            let import = imported::open(arm, sources)?;
            info.label = format!("{} (imported)", import.record.name);
            info.weights_digest = import.digest;
        }
        (GeneratorKind::Command, ..) => info.label = format!("{} (a program)", arm.name),
        (GeneratorKind::Gentron | GeneratorKind::Diffusers, ..) => {}
    }
    Ok(info)
}

fn sampler_info(sampler: &Sampler) -> SamplerInfo {
    SamplerInfo {
        kind: sampler.kind.word().to_owned(),
        steps: sampler.steps,
        guidance: sampler.guidance,
        motion_guidance: sampler.motion_guidance,
    }
}

/// Which pipeline of diffusers an arm is, and the size of its pictures.
///
/// # Errors
/// Its folder does not say.
pub fn pipeline(arm: &ResolvedArm, weights: &Path) -> anyhow::Result<(Family, [u32; 2])> {
    Diffusers::describe(&place(weights, gentron::backbone(arm)?))
        .explain(|| (format!("cannot read the pipeline of the arm {}", arm.name), PIPELINE_HINT))
}

/// The backbone's cost of one image; text encoders and autoencoder, the same for every arm, are left out.
fn gflops(recipe: &Resolved, arm: &ResolvedArm, config: &GenTronConfig, weights: &Path) -> anyhow::Result<f64> {
    let mut tokens = Vec::new();
    for source in &config.text {
        tokens.push(if source.name == recipe.weights.t5 {
            recipe.weights.t5_length
        } else {
            ClipTextConfig::read(&place(weights, &source.name).join("config.json"))?.max_position_embeddings
        });
    }
    let branches = match arm.sampler {
        Sampler { motion_guidance: Some(motion), .. } if motion != 1.0 => 3,
        Sampler { guidance: 1.0, .. } => 1,
        _ => 2,
    };
    let frames = u64::from(arm.sampler.frames.unwrap_or(1));
    Ok((config.forward_flops(&tokens, frames) * branches * u64::from(arm.sampler.steps)) as f64 / 1e9)
}

/// What distinguishes arms of clips.
fn clip_label(motion_free: Option<f64>, motion_guidance: Option<f64>) -> String {
    let training = match motion_free {
        None => "T2V",
        Some(0.0) => "clips alone",
        Some(_) => "with motion-free training",
    };
    let guidance = motion_guidance.filter(|weight| *weight != 1.0);
    let guidance = guidance.map_or("no MFG".to_owned(), |weight| format!("MFG {weight:.1}"));
    format!("{training} · {guidance}")
}

/// The trainer's card, if there is one: weights from elsewhere have none.
fn card(path: &Path) -> anyhow::Result<Option<ModelCard>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    serde_json::from_slice(&bytes).with_context(|| format!("{} is not a training card", path.display())).map(Some)
}

fn training(card: &ModelCard) -> anyhow::Result<TrainingCard> {
    let recipe = toml::to_string(&card.recipe).or_else(|_| serde_json::to_string_pretty(&card.recipe))?;
    Ok(TrainingCard {
        samples: card.samples,
        steps: card.steps,
        seed: card.seed,
        batch: u32::try_from(card.samples.checked_div(card.steps).unwrap_or(0)).unwrap_or(u32::MAX),
        wall_seconds: card.wall_seconds,
        data: Some(data(&card.data) + &begun_from(card)),
        final_loss: card.final_loss,
        curve: card.curve.iter().map(|point| (point.samples, point.loss)).collect(),
        recipe,
    })
}

/// That a training went on from other weights, whose samples are not among its own.
fn begun_from(card: &ModelCard) -> String {
    let digits = |digest: &str| digest.chars().take(12).collect::<String>();
    let initial = card.recipe["initial"].as_str();
    initial.map_or(String::new(), |digest| {
        format!("; begun from the weights {}, whose own samples are not counted here", digits(digest))
    })
}

/// What a network was trained on; the small world is rendered by this program, so there are no pictures of anybody's.
fn data(name: &str) -> String {
    let ours = name.starts_with(&format!("{} ", gentron_suites::shapes::ID));
    if ours { format!("{name}; rendered by gentron, MIT OR Apache-2.0") } else { format!("{name}; licence not known") }
}

/// A category's heading: T2I-CompBench's words, with a capital.
fn label(id: &str) -> String {
    let words = match id {
        "2d_spatial" | "spatial" => "2D-spatial".to_owned(),
        "3d_spatial" => "3D-spatial".to_owned(),
        other => other.replace('_', "-"),
    };
    let mut characters = words.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_has_the_number_of_phrases_that_all_headlines_ask_for() {
        use MetricId::{BVqa, BVqaNp2, ClipScore, Motion, ThreeInOne, ThreeInOneNp2, Unidet2d};
        assert_eq!(np_num(&[BVqa, Unidet2d, ClipScore, ThreeInOne]), Some(8));
        assert_eq!(np_num(&[BVqaNp2, Unidet2d, ClipScore, ThreeInOneNp2]), Some(2));
        assert_eq!(np_num(&[BVqaNp2, ThreeInOne]), None);
        assert_eq!(np_num(&[Motion]), Some(8));
    }

    #[test]
    fn headings_are_the_papers() {
        let ids = ["color", "2d_spatial", "non_spatial", "numeracy"];
        assert_eq!(ids.map(label), ["Color", "2D-spatial", "Non-spatial", "Numeracy"]);
    }
}
