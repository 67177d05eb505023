//! Parity with diffusers, and what must hold of any sampler.

use candle_core::{DType, Device, Tensor};
use serde_json::Value;

use super::{BetaSchedule, DiffusionError, SamplerKind, Schedule, ScheduleConfig};
use crate::goldens::{Golden, flat, goldens};
use crate::noise;

fn schedule(config: &Value) -> Schedule {
    let wanted = ["beta_schedule", "beta_start", "beta_end", "num_train_timesteps"];
    let wanted = wanted.map(|name| (name.to_owned(), config[name].clone())).into_iter().collect();
    let config: ScheduleConfig = serde_json::from_value(Value::Object(wanted)).expect("a schedule");
    Schedule::new(&config).expect("a schedule")
}

/// Which sampler a golden comes from, by the fields that only its diffusers class has.
fn kind(config: &Value) -> SamplerKind {
    match config.get("algorithm_type").and_then(Value::as_str) {
        Some("dpmsolver++") if config["use_karras_sigmas"] == true => SamplerKind::DpmSolverPpKarras,
        Some("dpmsolver++") => SamplerKind::DpmSolverPp,
        _ if config.get("set_alpha_to_one").is_some() => SamplerKind::Ddim,
        _ => SamplerKind::Euler,
    }
}

/// Fails where an element is off by more than `bound` of the largest.
fn assert_close(golden: &Golden, what: &str, got: &[f64], want: &[f64], bound: f64) {
    assert_eq!(got.len(), want.len(), "{} {what}", golden.path.display());
    let largest = want.iter().fold(0.0f64, |largest, want| largest.max(want.abs()));
    for (got, want) in got.iter().zip(want) {
        let within = (got - want).abs() <= bound * largest; // false for NaN
        assert!(within, "{} {what}: {got} for {want}, of up to {largest}", golden.path.display());
    }
}

/// The network's stand-in of `component_goldens.py`.
fn predict(input: f64, timestep: f64) -> f64 {
    0.9 * (2.0 * input + timestep / 150.0).sin()
}

/// Takes a golden's steps, each from the golden's state before it (`from_golden`) or from our own, and checks every state.
fn check_steps(golden: &Golden, from_golden: bool, bound: f64) {
    let steps = golden.tensor("out.timesteps").elem_count();
    let mut sampler = kind(&golden.config).start(&schedule(&golden.config), steps).expect("a sampler");
    let trajectory = flat(&golden.tensor("out.trajectory"));
    let states: Vec<&[f64]> = trajectory.chunks(trajectory.len() / (steps + 1)).collect();
    assert_close(golden, "timesteps", sampler.timesteps(), &flat(&golden.tensor("out.timesteps")), 1e-6);
    let mut x = states[0].to_vec();
    for step in 0..steps {
        let (timestep, scale) = (sampler.timesteps()[step], sampler.input_scale(step));
        let noise: Vec<f64> = x.iter().map(|x| predict(x * scale, timestep)).collect();
        x = sampler.step(step, &noise, &x, &[]);
        assert_close(golden, &format!("after step {step}"), &x, states[step + 1], bound);
        if from_golden {
            x = states[step + 1].to_vec();
        }
    }
}

#[test]
fn sampler_parity_with_diffusers_at_every_step() {
    for golden in goldens("components", "sampler_") {
        check_steps(&golden, true, 1e-6);
    }
}

/// diffusers rounds states and coefficients to f32 at every step, and the stand-in network is chaotic: its slope of 1.8 magnifies what
/// was rounded once by all later steps. So our f64 run leaves theirs by up to 9e-6 in twelve steps, though each step agrees to 2e-7.
#[test]
fn sampler_parity_with_diffusers_over_whole_runs() {
    for golden in goldens("components", "sampler_") {
        check_steps(&golden, false, 1e-4);
    }
}

#[test]
fn add_noise_parity_with_diffusers() {
    for golden in goldens("components", "add_noise_") {
        let schedule = schedule(&golden.config);
        let table = flat(&golden.tensor("out.alphas_cumprod"));
        for (got, want) in schedule.alphas_cumprod().iter().zip(&table) {
            assert!((got - want).abs() <= 1e-6 * want, "{}: {got} for {want}", golden.path.display());
        }
        assert_eq!(schedule.timesteps(), table.len());
        let [x0, noise, xt] = ["in.x0", "in.noise", "out.xt"].map(|name| flat(&golden.tensor(name)));
        let timesteps: Vec<usize> = flat(&golden.tensor("in.t")).into_iter().map(|t| t as usize).collect();
        let size = x0.len() / timesteps.len();
        for (i, &t) in timesteps.iter().enumerate() {
            let own = i * size..(i + 1) * size;
            let got = schedule.add_noise(&x0[own.clone()], &noise[own.clone()], t);
            assert_close(&golden, "x_t", &got, &xt[own], 1e-6);
        }
        let [x0, noise] = ["in.x0", "in.noise"].map(|name| golden.tensor(name));
        golden.check("out.xt", &schedule.add_noise_to_batch(&x0, &noise, &timesteps).expect("noised"), 2e-6);
    }
}

/// Where all data is one point, the exact noise is known, and every sampler must find the point: to rounding, but for DDIM, which stops
/// at the first timestep's noise level. (Karras' levels lie between timesteps, which they are told rounded: left out.)
#[test]
fn every_sampler_finds_a_single_point() {
    let schedule = Schedule::new(&ScheduleConfig::default()).expect("a schedule");
    let points = [0.7, -1.3, 0.0, 2.0];
    for kind in [SamplerKind::Ddim, SamplerKind::DpmSolverPp, SamplerKind::Euler, SamplerKind::Ddpm] {
        for steps in [2, 7, 20, 999] {
            let mut sampler = kind.start(&schedule, steps).expect("a sampler");
            let normals = |step: usize| -> Vec<f64> {
                noise::normal(1, kind.name(), step as u64, 0, points.len()).into_iter().map(f64::from).collect()
            };
            let mut x: Vec<f64> = normals(steps).iter().map(|x| x * sampler.initial_scale()).collect();
            for step in 0..steps {
                let (timestep, scale) = (sampler.timesteps()[step], sampler.input_scale(step));
                // Fractional timesteps lie between two noise levels: Euler's own level is in its scale.
                let (signal, deviation) = match kind {
                    SamplerKind::Euler => (scale, (1.0 - scale * scale).sqrt()),
                    _ => schedule.scales(timestep as usize),
                };
                let predicted: Vec<f64> =
                    x.iter().zip(&points).map(|(x, point)| (x * scale - signal * point) / deviation).collect();
                x = sampler.step(step, &predicted, &x, &normals(step));
            }
            let bound = match kind {
                SamplerKind::Ddim => 0.05,
                _ => 1e-5,
            };
            for (x, point) in x.iter().zip(&points) {
                assert!((x - point).abs() < bound, "{kind} in {steps} steps: {x} for {point}");
            }
        }
    }
}

/// Ancestral sampling keeps the spread of Gaussian data: with mean 0 and deviation 2 the exact noise is linear in the state.
#[test]
fn ancestral_sampling_keeps_the_variance_of_gaussian_data() {
    let schedule = Schedule::new(&ScheduleConfig::default()).expect("a schedule");
    let mut sampler = SamplerKind::Ddpm.start(&schedule, 1000).expect("a sampler");
    let normals = |k: u64| -> Vec<f64> { noise::normal(2, "gauss", k, 0, 4000).into_iter().map(f64::from).collect() };
    let mut x = normals(1000);
    for step in 0..1000 {
        let alpha = schedule.alphas_cumprod()[sampler.timesteps()[step] as usize];
        let slope = (1.0 - alpha).sqrt() / (4.0 * alpha + 1.0 - alpha);
        let predicted: Vec<f64> = x.iter().map(|x| slope * x).collect();
        let fresh = if sampler.adds_noise(step) { normals(step as u64) } else { Vec::new() };
        x = sampler.step(step, &predicted, &x, &fresh);
    }
    let variance = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
    // Four standard errors of a variance of 4 from 4000 draws: 4 * 4 * sqrt(2 / 4000), plus the discretisation.
    assert!((variance - 4.0).abs() < 0.4, "{variance}");
}

#[test]
fn what_cannot_be_sampled_is_refused() {
    let schedule = Schedule::new(&ScheduleConfig::default()).expect("a schedule");
    for (kind, steps) in
        [(SamplerKind::Ddim, 0), (SamplerKind::Ddim, 1000), (SamplerKind::Euler, 1), (SamplerKind::Ddpm, 1001)]
    {
        assert!(matches!(kind.start(&schedule, steps), Err(DiffusionError::Steps { got, .. }) if got == steps));
    }
    for (beta_start, beta_end) in [(0.0, 0.02), (0.03, 0.02), (1e-4, 1.0), (f64::NAN, 0.02)] {
        let config = ScheduleConfig { beta_start, beta_end, ..ScheduleConfig::default() };
        assert!(Schedule::new(&config).is_err());
    }
}

#[test]
fn names_are_what_recipes_say() {
    for kind in SamplerKind::ALL {
        assert_eq!(serde_json::to_value(kind).expect("a name"), kind.name());
    }
    let scaled: ScheduleConfig = serde_json::from_str(r#"{"beta_schedule": "scaled_linear"}"#).expect("a schedule");
    assert_eq!(scaled.beta_schedule, BetaSchedule::ScaledLinear);
    assert!(serde_json::from_str::<ScheduleConfig>(r#"{"beta": 1}"#).is_err());
}

#[test]
fn training_noise_is_the_samplers() {
    let schedule = Schedule::new(&ScheduleConfig::default()).expect("a schedule");
    let batch = |k: u64| Tensor::from_vec(noise::normal(3, "batch", k, 0, 30), (2, 3, 5), &Device::Cpu).expect("noise");
    let noised = schedule.add_noise_to_batch(&batch(0), &batch(1), &[3, 700]).expect("noised");
    assert_eq!((noised.dims(), noised.dtype()), (&[2, 3, 5][..], DType::F32));
    let want = schedule.add_noise(&flat(&batch(0))[15..], &flat(&batch(1))[15..], 700);
    assert!(flat(&noised)[15..].iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-6));
}

#[test]
fn velocity_says_which_noise_there_is() {
    let schedule = Schedule::new(&ScheduleConfig::default()).expect("a schedule");
    let (x0, noise) = (noise::normal(1, "velocity", 0, 1, 64), noise::normal(1, "velocity", 1, 1, 64));
    let tensor = |values: &[f32]| Tensor::from_slice(values, (1, 64), &Device::Cpu).expect("a tensor");
    for timestep in [0, 259, 999] {
        let velocity = schedule.velocity_of_batch(&tensor(&x0), &tensor(&noise), &[timestep]).expect("a velocity");
        let x = schedule.add_noise_to_batch(&tensor(&x0), &tensor(&noise), &[timestep]).expect("a state");
        let found = schedule.noise_of_velocity(&flat(&velocity), &flat(&x), timestep as f64);
        for (found, noise) in found.iter().zip(&noise) {
            assert!((found - f64::from(*noise)).abs() < 1e-5, "{found} for {noise} at {timestep}");
        }
    }
}
