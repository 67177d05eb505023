//! Position embeddings of another picture size.

use candle_core::{Device, Result, Tensor, bail};

/// Rows of a position embedding (1, 1 + g², D) resampled to (1, 1 + `grid`², D): the class row stays, the others are
/// interpolated as `F.interpolate(mode="bicubic", align_corners=False)` does it, as BLIP's `interpolate_pos_embed`.
pub(super) fn resample(positions: &Tensor, grid: usize) -> Result<Tensor> {
    let (_, rows, d) = positions.dims3()?;
    let old = (rows.saturating_sub(1)).isqrt();
    if old == 0 || old * old + 1 != rows {
        bail!("{rows} positions are not a class token and a square");
    }
    let values = positions.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
    let taps: Vec<[(usize, f32); 4]> = (0..grid).map(|target| cubic_taps(target, old, grid)).collect();
    let mut out = values[..d].to_vec();
    for rows in &taps {
        for columns in &taps {
            let start = out.len();
            out.resize(start + d, 0.0);
            for &(row, row_weight) in rows {
                for &(column, weight) in columns {
                    let from = &values[(1 + row * old + column) * d..][..d];
                    out[start..].iter_mut().zip(from).for_each(|(out, x)| *out += row_weight * weight * x);
                }
            }
        }
    }
    Tensor::from_vec(out, (1, grid * grid + 1, d), positions.device())
}

/// Source index and weight of the four neighbours, Keys' cubic with a = −0.75 as PyTorch has it; borders are repeated.
fn cubic_taps(target: usize, from: usize, to: usize) -> [(usize, f32); 4] {
    const A: f64 = -0.75;
    let center = (target as f64 + 0.5) * from as f64 / to as f64 - 0.5;
    let (base, t) = (center.floor(), center - center.floor());
    let near = |x: f64| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f64| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    let weights = [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)];
    let index = |offset: usize| (base + offset as f64 - 1.0).clamp(0.0, from as f64 - 1.0) as usize;
    std::array::from_fn(|i| (index(i), weights[i] as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_grid_is_the_same_and_the_class_row_stays() {
        let positions = Tensor::arange(0f32, 20.0, &Device::Cpu).unwrap().reshape((1, 10, 2)).unwrap();
        let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(values(&resample(&positions, 3).unwrap()), values(&positions));
        let larger = resample(&positions, 5).unwrap();
        assert_eq!(larger.dims(), [1, 26, 2]);
        assert_eq!(values(&larger)[..2], [0.0, 1.0]);
        assert!(resample(&positions.narrow(1, 0, 9).unwrap(), 3).is_err());
    }

    #[test]
    fn a_ramp_is_interpolated_as_pytorch_does() {
        // torch.nn.functional.interpolate(torch.arange(4.).view(1,1,2,2), size=3, mode="bicubic")
        let positions = Tensor::new(&[9f32, 0.0, 1.0, 2.0, 3.0], &Device::Cpu).unwrap().reshape((1, 5, 1)).unwrap();
        let got = resample(&positions, 3).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let want = [-0.260417, 0.326389, 0.913194, 0.913195, 1.5, 2.086_806, 2.086_806, 2.673611, 3.260417];
        assert!(got[1..].iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-6), "{got:?}");
    }
}
