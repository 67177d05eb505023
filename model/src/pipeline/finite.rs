//! No picture is made of what is no number.

use candle_core::{DType, Tensor};
use image::RgbImage;

use super::{Draw, PipelineError};
use crate::autoencoder::AutoencoderKl;
use crate::pixels::to_images;

/// Scaled latents (B or B·T,C,H,W) of `draws` → their pictures, or the frames of their clips one after the other.
///
/// Rounding to bytes would make a NaN a black pixel, which is scored like any other.
///
/// # Errors
/// [`PipelineError::NotFinite`] for the first draw whose latent or picture is not of finite numbers; or the autoencoder fails.
pub(super) fn pictures(
    autoencoder: &AutoencoderKl,
    latents: &Tensor,
    draws: &[Draw],
) -> Result<Vec<RgbImage>, PipelineError> {
    check(latents, "latent", draws)?;
    let decoded = autoencoder.decode(&autoencoder.unscale(latents)?)?;
    check(&decoded, "picture", draws)?;
    Ok(to_images(&decoded)?)
}

/// Looks at every number of a tensor whose first axis is `draws`, or their frames.
fn check(x: &Tensor, what: &'static str, draws: &[Draw]) -> Result<(), PipelineError> {
    let values = x.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
    let each = (values.len() / draws.len().max(1)).max(1);
    let wrong = values.chunks(each).position(|values| values.iter().any(|value| !value.is_finite()));
    let Some(draw) = wrong.and_then(|i| draws.get(i).or(draws.last())) else { return Ok(()) };
    Err(PipelineError::NotFinite { what, prompt: draw.prompt.clone(), k: draw.k })
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn the_draw_is_named_whose_numbers_are_none() {
        let draw = |prompt: &str, k| Draw { prompt: prompt.into(), prompt_id: "x".into(), k, seed: 7 };
        let draws = [draw("a red circle", 0), draw("two blue squares", 3)];
        // Two frames each of (3,5,7).
        let said = |wrong: Option<(usize, f32)>| {
            let mut values = vec![0.5f32; 4 * 3 * 5 * 7];
            if let Some((i, value)) = wrong {
                values[i] = value;
            }
            let x = Tensor::from_vec(values, (4, 3, 5, 7), &Device::Cpu).unwrap();
            check(&x, "latent", &draws).err().map(|error| error.to_string())
        };
        assert_eq!(said(None), None);
        let first = "the latent of \"a red circle\", image 0, is not of finite numbers";
        let second = "the latent of \"two blue squares\", image 3, is not of finite numbers";
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(said(Some((2 * 105 - 1, value))).as_deref(), Some(first));
            assert_eq!(said(Some((2 * 105, value))).as_deref(), Some(second));
        }
    }
}
