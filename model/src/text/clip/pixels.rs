//! Images as CLIP's image tower wants them.

use candle_core::{Device, Result, Tensor};
use image::RgbImage;

/// Mean of red, green and blue (0..1) that is removed; OpenAI's.
pub const IMAGE_MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];

/// Standard deviation of red, green and blue (0..1) that is divided by; OpenAI's.
pub const IMAGE_STD: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// Images of `size` x `size` pixels → (B,3,size,size), normalised.
///
/// # Errors
/// Where an image has another size: how to resize is a choice that belongs to the metric, not to the network.
pub fn pixels(images: &[&RgbImage], size: usize, device: &Device) -> Result<Tensor> {
    let mut values = Vec::with_capacity(images.len() * 3 * size * size);
    for image in images {
        let (width, height) = image.dimensions();
        if (width as usize, height as usize) != (size, size) {
            candle_core::bail!("CLIP wants images of {size} x {size} pixels, got {width} x {height}");
        }
        for channel in 0..3 {
            let normalise = |value: u8| (f32::from(value) / 255.0 - IMAGE_MEAN[channel]) / IMAGE_STD[channel];
            values.extend(image.pixels().map(|pixel| normalise(pixel[channel])));
        }
    }
    Tensor::from_vec(values, (images.len(), 3, size, size), device)
}
