//! Noise levels sigma = sqrt((1 - alpha) / alpha) along a run, where the signal's scale is one. diffusers keeps them in f32; so do we.

use crate::diffusion::Schedule;

/// `count` evenly spaced numbers from `start` to `end`, both included. numpy: `linspace`.
pub(super) fn linspace(start: f64, end: f64, count: usize) -> Vec<f64> {
    let step = (end - start) / (count.max(2) - 1) as f64;
    (0..count).map(|i| if i > 0 && i + 1 == count { end } else { start + step * i as f64 }).collect()
}

/// Sigma of every timestep of a schedule, rising.
pub(super) fn table(schedule: &Schedule) -> Vec<f64> {
    schedule.alphas_cumprod().iter().map(|&alpha| round(((1.0 - alpha) / alpha).sqrt())).collect()
}

/// The levels at timesteps, which may be fractional, then zero.
pub(super) fn at(timesteps: &[f64], table: &[f64]) -> Vec<f64> {
    let level = |&timestep: &f64| {
        let low = (timestep as usize).min(table.len() - 2);
        table[low] + (table[low + 1] - table[low]) * (timestep - low as f64)
    };
    timesteps.iter().map(level).map(round).chain([0.0]).collect()
}

/// `steps` levels from the highest to the lowest, evenly spaced in their seventh root, then zero, and the nearest timestep of each
/// (Karras et al. 2022, equation 5; diffusers: `_convert_to_karras`, `_sigma_to_t`, rounded).
pub(super) fn karras(table: &[f64], steps: usize) -> (Vec<f64>, Vec<f64>) {
    const RHO: f64 = 7.0;
    let [lowest, highest] = [table[0], table[table.len() - 1]].map(|sigma| sigma.powf(1.0 / RHO));
    let level = |ramp: f64| (highest + ramp * (lowest - highest)).powf(RHO);
    let levels: Vec<f64> = linspace(0.0, 1.0, steps).into_iter().map(level).collect();
    let timesteps = levels.iter().map(|&sigma| timestep(sigma, table).round_ties_even()).collect();
    (timesteps, levels.into_iter().map(round).chain([0.0]).collect())
}

/// Where a level lies between those of the table, on a logarithmic scale.
fn timestep(sigma: f64, table: &[f64]) -> f64 {
    let low = table.partition_point(|&level| level <= sigma).clamp(1, table.len() - 1) - 1;
    let [low_log, high_log, log] = [table[low], table[low + 1], sigma].map(f64::ln);
    low as f64 + ((log - low_log) / (high_log - low_log)).clamp(0.0, 1.0)
}

fn round(sigma: f64) -> f64 {
    f64::from(sigma as f32)
}
