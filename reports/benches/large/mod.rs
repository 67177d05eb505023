//! A run of full size with made-up scores: 8 arms, 6 categories of 300 prompts, 10 images each, 4 metrics; pictures of 512 x 512.

use std::fs;
use std::path::Path;

use gentron_reports::statistics::{philox4x32, stream_of};
use gentron_reports::{
    Absence, ArmInfo, CategoryInfo, CodeVersion, ObservationRow, Protocol, RunInfo, SamplerInfo, SuiteInfo,
    write_observations,
};
use image::{Rgb, RgbImage};

const CATEGORIES: [&str; 6] = ["color", "shape", "texture", "2d_spatial", "non_spatial", "complex"];
const METRICS: [&str; 4] = ["b-vqa", "unidet-2d", "clipscore", "3-in-1"];
const PICTURES: u32 = 64;

/// Images of the run.
pub const IMAGES: u64 = 8 * 18_000;

fn uniform(counter: [u32; 4]) -> f64 {
    f64::from(philox4x32(counter, [11, 12])[0]) / 4_294_967_296.0
}

/// Writes observations and pictures, and says what the run is.
pub fn write(run_dir: &Path) -> RunInfo {
    fs::create_dir_all(run_dir.join("images")).unwrap();
    for picture in 0..PICTURES {
        let image = RgbImage::from_fn(512, 512, |x, y| {
            let wave = |n: u32| (127.0 + 120.0 * (f64::from(x * n + y * picture) / 90.0).sin()) as u8;
            Rgb([wave(1), wave(2), wave(3).wrapping_add((philox4x32([x, y, 0, 0], [1, 1])[0] % 24) as u8)])
        });
        image.save(run_dir.join(format!("images/{picture}.png"))).unwrap();
    }
    let mut rows = Vec::with_capacity(IMAGES as usize * METRICS.len());
    for arm in 0..8 {
        for (c, category) in CATEGORIES.iter().enumerate() {
            for prompt in 0..300 {
                let ease = uniform([prompt, c as u32, 7, 7]);
                for k in 0..10 {
                    for (m, metric) in METRICS.iter().enumerate() {
                        let noise = uniform([arm * 10 + k, prompt, c as u32, m as u32]);
                        let gap = || Absence::Unscored("made-up gap".into());
                        let value = 0.5 * ease + 0.3 * noise + 0.02 * f64::from(arm);
                        rows.push(ObservationRow {
                            task: format!("{arm}-{category}-{prompt}-{k}"),
                            arm: format!("arm-{arm}"),
                            suite: "t2i-compbench".into(),
                            category: (*category).into(),
                            split: if prompt % 2 == 0 { "seen" } else { "unseen" }.into(),
                            prompt_id: format!("{category}-{prompt:03}"),
                            prompt: format!("made-up prompt {prompt} of {category}"),
                            things: 1 + prompt % 3,
                            k,
                            seed: stream_of(&format!("{category}{prompt}{k}")),
                            metric: (*metric).into(),
                            headline: m == c % 4,
                            value: if noise < 0.001 { Err(gap()) } else { Ok(value) },
                            reasons: format!("[{{\"kind\":\"phrase\",\"phrase\":\"a thing\",\"yes\":{value:.4}}}]"),
                            image: format!("images/{}.png", (arm * 31 + prompt * 7 + k) % PICTURES),
                        });
                    }
                }
            }
        }
    }
    write_observations(run_dir, rows).unwrap();
    info()
}

/// What the run is.
pub fn info() -> RunInfo {
    let sampler = SamplerInfo { kind: "ddim".into(), steps: 50, guidance: 7.5, motion_guidance: None };
    let arms = (0..8).map(|arm| ArmInfo {
        id: format!("arm-{arm}"),
        label: format!("made-up arm {arm}"),
        conditioning: ["adaLN-Zero", "cross-attention"][arm % 2].into(),
        text_encoders: vec![["CLIP", "T5"][arm / 2 % 2].into()],
        scale: ["XL/2", "G/2"][arm / 4].into(),
        parameters: 1_000_000 * (arm as u64 + 1),
        gflops_per_image: Some(100.0 + arm as f64),
        seconds_per_image: None,
        sampler: None,
        weights_digest: String::new(),
        training: None,
        paper_row: None,
        frames: None,
        motion_free: None,
    });
    RunInfo {
        name: "made up, full size".into(),
        created: None,
        code: CodeVersion { version: "bench".into(), dirty: None },
        command: "cargo bench".into(),
        device: None,
        power: None,
        protocol: Protocol {
            suites: vec![SuiteInfo {
                id: "t2i-compbench".into(),
                digest: String::new(),
                prompts: 1800,
                licence: None,
                files: vec![],
            }],
            images_per_prompt: 10,
            seed: 0,
            sampler,
            scorers: vec![],
            np_num: Some(8),
            resize: "none".into(),
            image_size: [512, 512],
        },
        arms: arms.collect(),
        baseline: "arm-0".into(),
        categories: CATEGORIES
            .iter()
            .enumerate()
            .map(|(c, id)| CategoryInfo {
                suite: "t2i-compbench".into(),
                id: (*id).into(),
                label: (*id).into(),
                headline_metric: METRICS[c % 4].into(),
                in_mean: true,
                ceiling: None,
                chance: None,
            })
            .collect(),
        challenges: Default::default(),
        planned_tasks: IMAGES,
        finished_tasks: None,
    }
}
