//! A clearly fake run: scores drawn from a seed, pictures of random squares and discs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gentron_reports::statistics::{philox4x32, stream_of};
use gentron_reports::{
    Absence, ArmInfo, CategoryInfo, CodeVersion, ObservationRow, Power, Protocol, RunInfo, SamplerInfo, ScorerInfo,
    SuiteInfo, TrainingCard, write_observations,
};
use image::{Rgb, RgbImage};

/// A prompt with everything that breaks careless pages: quotation marks, markup, right-to-left text, an emoji.
pub const NASTY: &str = "a \"red\" <script>alert('x')</script> & עיגול אדום 🔴";

/// id, label, metric, ceiling, chance, in the Mean.
const CATEGORIES: [(&str, &str, &str, f64, f64, bool); 8] = [
    ("color", "Color", "b-vqa", 1.0, 0.13, true),
    ("shape", "Shape", "b-vqa", 1.0, 0.19, true),
    ("texture", "Texture", "b-vqa", 0.998, 0.22, true),
    ("2d_spatial", "2D-spatial", "unidet-2d", 1.0, 0.08, true),
    ("3d_spatial", "3D-spatial", "unidet-3d", 0.997, 0.11, false),
    ("numeracy", "Numeracy", "unidet-numeracy", 1.0, 0.3, false),
    ("non_spatial", "Non-spatial", "clipscore", 0.42, 0.12, true),
    ("complex", "Complex", "3-in-1", 0.99, 0.2, true),
];

/// id, label, conditioning, encoders, scale, parameters, row of the paper, strength.
type ArmRow = (&'static str, &'static str, &'static str, &'static [&'static str], &'static str, u64, &'static str, f64);
const ARMS: [ArmRow; 5] = [
    (
        "adaln-clip",
        "fake adaLN-Zero · CLIP",
        "adaLN-Zero",
        &["CLIP"],
        "gentron-shapes/2",
        9_812_352,
        "clip-adaln-xl",
        0.42,
    ),
    (
        "cross-clip",
        "fake cross-attention · CLIP",
        "cross-attention",
        &["CLIP"],
        "gentron-shapes/2",
        12_204_416,
        "clip-cross-xl",
        0.60,
    ),
    (
        "cross-t5",
        "fake cross-attention · T5",
        "cross-attention",
        &["T5"],
        "gentron-shapes/2",
        12_204_416,
        "t5-cross-xl",
        0.58,
    ),
    (
        "cross-clip-t5",
        "fake cross-attention · CLIP + T5",
        "cross-attention",
        &["CLIP", "T5"],
        "gentron-shapes/2",
        12_204_416,
        "clip-t5-cross-xl",
        0.66,
    ),
    (
        "cross-clip-t5-large",
        "fake cross-attention · CLIP + T5 · shapes-l/2",
        "cross-attention",
        &["CLIP", "T5"],
        "gentron-shapes-l/2",
        33_902_080,
        "clip-t5-cross-g",
        0.72,
    ),
];

/// How big, and how broken.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// Prompts per category.
    pub prompts: u32,
    /// Images per prompt.
    pub images: u32,
    /// Scores to leave out here and there, and a prompt that 2D-spatial cannot be asked of.
    pub gaps: bool,
    /// Draw only some of the last arm's images.
    pub unfinished: bool,
    /// Say what makes each prompt hard.
    pub challenges: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { prompts: 12, images: 2, gaps: false, unfinished: false, challenges: false }
    }
}

/// A uniform number in [0, 1) for a name.
fn uniform(name: &str) -> f64 {
    let stream = stream_of(name);
    let word = philox4x32([stream as u32, (stream >> 32) as u32, 0, 0], [1, 2])[0];
    f64::from(word) / 4_294_967_296.0
}

/// Writes manifest, images and observations, and returns what the manifest says.
pub fn write_run(run_dir: &Path, wanted: Wanted) -> RunInfo {
    let info = info(wanted);
    let mut rows = Vec::new();
    for (arm_index, arm) in info.arms.iter().enumerate() {
        for (category_index, category) in info.categories.iter().enumerate() {
            for index in 0..wanted.prompts {
                for k in 0..wanted.images {
                    let last = arm_index + 1 == info.arms.len();
                    if wanted.unfinished && last && category_index > 4 {
                        continue;
                    }
                    rows.extend(observe(run_dir, arm, ARMS[arm_index].7, category, (index, k), wanted.gaps));
                }
            }
        }
    }
    write_observations(run_dir, rows).unwrap();
    let manifest = serde_json::json!({ "format": 1, "run_info": info });
    fs::write(run_dir.join("manifest.json"), serde_json::to_vec_pretty(&manifest).unwrap()).unwrap();
    info
}

fn observe(
    run_dir: &Path,
    arm: &ArmInfo,
    strength: f64,
    category: &CategoryInfo,
    (index, k): (u32, u32),
    gaps: bool,
) -> Vec<ObservationRow> {
    let prompt_id = prompt_id(&category.id, index);
    let things = match category.id.as_str() {
        "complex" => 3 + index % 3,
        "numeracy" => 1 + index % 5,
        "shape" => 2 + index % 2,
        _ => 2,
    };
    let prompt = match (category.id.as_str(), index) {
        ("color", 0) => NASTY.to_owned(),
        ("complex", _) => format!(
            "a red circle on the left of a striped blue square, and {things} things numbered {index} beside them"
        ),
        _ => format!("a red circle and a blue square, number {index}"),
    };
    let ease = uniform(&prompt_id) - 0.5;
    let hard = f64::from(things - 1) * 0.07 + if index % 3 == 2 { 0.12 } else { 0.0 };
    let noise = uniform(&format!("{}{prompt_id}{k}", arm.id)) - 0.5;
    let top = category.ceiling.unwrap_or(1.0);
    let score = ((strength + 0.5 * ease + 0.5 * noise - hard + 0.15) * top).clamp(0.0, top);
    let image = format!("images/{}/{prompt_id}/{k}.png", arm.id);
    let bbox = draw(&run_dir.join(&image), &format!("{}{prompt_id}{k}", arm.id), score);
    let reasons = serde_json::json!([
        { "kind": "phrase", "phrase": "a red circle", "yes": score.sqrt(), "why": "largest red component: 96 % circle" },
        { "kind": "phrase", "phrase": "a blue square", "yes": score.sqrt(), "why": "no blue component of 20 pixels or more" },
        { "kind": "relation", "relation": "left_of", "subject": "circle", "object": "square", "position": score, "why": "centres 21 px apart" },
        { "kind": "count", "noun": "circle", "wanted": things, "found": 2 },
        { "kind": "box", "label": "circle", "score": 0.97, "bbox": bbox },
        { "kind": "note", "text": "fake" },
    ]);
    let row = |metric: &str, value| ObservationRow {
        task: format!("{}-{prompt_id}-{k}", arm.id),
        arm: arm.id.clone(),
        suite: category.suite.clone(),
        category: category.id.clone(),
        split: if index % 3 == 2 { "unseen" } else { "seen" }.to_owned(),
        prompt_id: prompt_id.clone(),
        prompt: prompt.clone(),
        things,
        k,
        seed: stream_of(&format!("{prompt_id}{k}")),
        metric: metric.to_owned(),
        headline: metric == category.headline_metric,
        value,
        reasons: reasons.to_string(),
        image: image.clone(),
    };
    let gap = gaps && uniform(&format!("gap{}{prompt_id}{k}", arm.id)) < 0.03;
    let value = if gaps && category.id == "2d_spatial" && index == 3 {
        Err(Absence::Outside("the detector has no class for a wallet".to_owned()))
    } else if gap {
        Err(Absence::Unscored("the detector found <nothing> to compare".to_owned()))
    } else {
        Ok(score)
    };
    let mut rows = vec![row(&category.headline_metric, value)];
    if category.id == "complex" {
        rows.push(row("b-vqa", Ok(score * 0.9)));
    }
    rows
}

/// A disc and a square of random colours; the box of the disc. A better score has cleaner colours.
fn draw(path: &Path, name: &str, score: f64) -> [f64; 4] {
    let at = |what: &str| uniform(&format!("{what}{name}"));
    let (cx, cy, r) = (14.0 + 14.0 * at("x"), 16.0 + 30.0 * at("y"), 8.0 + 4.0 * at("r"));
    let (left, top) = (36.0 + 8.0 * at("l"), 10.0 + 26.0 * at("t"));
    let image = RgbImage::from_fn(64, 64, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let spoil = ((1.0 - score) * 110.0 * (x * 12.9898 + y * 78.233).sin().abs()) as u8;
        if (x - cx).hypot(y - cy) < r {
            Rgb([214, 40 + spoil, 40])
        } else if x >= left && x < left + 18.0 && y >= top && y < top + 18.0 {
            Rgb([40 + spoil, 80, 214])
        } else {
            Rgb([244, 242, 236])
        }
    });
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.save(path).unwrap();
    [cx - r, cy - r, cx + r, cy + r]
}

fn prompt_id(category: &str, index: u32) -> String {
    format!("{}-{index:03}-{:08x}", category.replace('_', "-"), stream_of(category) as u32)
}

/// Each prompt's challenge, in turn: so every category has some of each.
fn challenges(wanted: Wanted) -> BTreeMap<String, String> {
    const NAMES: [&str; 4] = ["Basic", "Quantity", "Fine-grained Detail", "Writing & Symbols"];
    let prompts = if wanted.challenges { wanted.prompts } else { 0 };
    let of = |(category, index): (&str, u32)| (prompt_id(category, index), NAMES[index as usize % 4].to_owned());
    CATEGORIES.iter().flat_map(|row| (0..prompts).map(move |index| (row.0, index))).map(of).collect()
}

fn info(wanted: Wanted) -> RunInfo {
    let prompts = u64::from(wanted.prompts) * CATEGORIES.len() as u64;
    let arms = ARMS.map(|(id, label, conditioning, encoders, scale, parameters, row, strength)| ArmInfo {
        id: id.into(),
        label: label.into(),
        conditioning: conditioning.into(),
        text_encoders: encoders.iter().map(|e| (*e).to_owned()).collect(),
        scale: scale.into(),
        parameters,
        gflops_per_image: Some(parameters as f64 * 1.3e-6),
        seconds_per_image: Some(0.11),
        sampler: None,
        weights_digest: format!("{:016x}", stream_of(id)).repeat(4),
        training: Some(training(strength)),
        paper_row: Some(row.into()),
        frames: None,
        motion_free: None,
    });
    let categories = CATEGORIES.map(|(id, label, metric, ceiling, chance, in_mean)| CategoryInfo {
        suite: "shapes".into(),
        id: id.into(),
        label: label.into(),
        headline_metric: metric.into(),
        in_mean,
        ceiling: Some(ceiling),
        chance: Some(chance),
    });
    let scorer = |metric: &str, name: &str| ScorerInfo {
        metric: metric.into(),
        name: name.into(),
        version: "0.1.0".into(),
        licence: None,
    };
    RunInfo {
        name: "synthetic (fake numbers)".into(),
        created: None,
        code: CodeVersion { version: "0.1.0 (0123abcd)".into(), dirty: Some(wanted.gaps) },
        command: "gentron ablate recipes/shapes.toml --seed 7".into(),
        device: Some("no device: nothing was generated".into()),
        power: Some(Power { watts: 10.0, basis: "made up".into() }),
        protocol: Protocol {
            suites: vec![SuiteInfo {
                id: "shapes".into(),
                digest: "5f".repeat(32),
                prompts,
                licence: Some("made up".into()),
                files: Vec::new(),
            }],
            images_per_prompt: wanted.images,
            seed: 7,
            sampler: SamplerInfo { kind: "dpm-solver++(2m)".into(), steps: 20, guidance: 4.5, motion_guidance: None },
            scorers: vec![scorer("b-vqa", "exact shapes"), scorer("clipscore", "CLIP-shapes")],
            np_num: None,
            resize: "none".into(),
            image_size: [64, 64],
        },
        challenges: challenges(wanted),
        planned_tasks: arms.len() as u64 * prompts * u64::from(wanted.images),
        finished_tasks: None,
        baseline: "adaln-clip".into(),
        arms: arms.into(),
        categories: categories.into(),
    }
}

fn training(strength: f64) -> TrainingCard {
    let curve: Vec<(u64, f64)> = (1..=400)
        .map(|i| {
            let samples = i * 2500;
            let loss = 0.9 * (samples as f64 / 2500.0).powf(-0.4) + 0.12 - 0.05 * strength;
            (samples, loss + 0.006 * (uniform(&format!("{strength}{i}")) - 0.5))
        })
        .collect();
    TrainingCard {
        samples: 1_000_000,
        steps: 15_625,
        seed: 1,
        batch: 64,
        wall_seconds: 4321.0,
        data: Some("made-up pictures".into()),
        final_loss: curve.last().map_or(0.0, |p| p.1),
        curve,
        recipe: "[train]\nsamples = 1_000_000\nbatch = 64\nlearning_rate = 1e-3\n".into(),
    }
}
