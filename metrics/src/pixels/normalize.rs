//! Grey levels to floats.

use candle_core::{Device, Tensor};
use image::RgbImage;
use serde::Serialize;

use crate::error::MetricError;

/// `(grey / 255 − mean) / std`, a channel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Normalization {
    /// Of red, green and blue, in units of the full range.
    pub mean: [f32; 3],
    /// Of red, green and blue, in units of the full range.
    pub std: [f32; 3],
}

impl Normalization {
    /// OpenAI CLIP's statistics, which BLIP uses too.
    pub const CLIP: Self =
        Self { mean: [0.481_454_66, 0.457_827_5, 0.408_210_73], std: [0.268_629_54, 0.261_302_6, 0.275_777_1] };

    /// 0 to 1, as torchvision's `ToTensor` leaves it.
    pub const UNIT: Self = Self { mean: [0.0; 3], std: [1.0; 3] };

    /// What each grey level of a channel becomes, in PyTorch's order of f32 operations.
    fn table(self, channel: usize) -> [f32; 256] {
        std::array::from_fn(|grey| (grey as f32 / 255.0 - self.mean[channel]) / self.std[channel])
    }
}

/// Pictures of one size as (B, 3, H, W).
///
/// # Errors
/// [`MetricError::ImageSize`] names the first picture whose size is not the first one's, or where there is none;
/// [`MetricError::Network`] where the device has no room.
pub fn to_tensor(images: &[&RgbImage], normalization: Normalization, device: &Device) -> Result<Tensor, MetricError> {
    let (width, height) = images.first().map_or((0, 0), |image| image.dimensions());
    if let Some(other) = images.iter().find(|image| image.dimensions() != (width, height)) {
        let (width, height) = other.dimensions();
        return Err(MetricError::ImageSize { width, height, why: "the batch began with another size" });
    }
    if width == 0 || height == 0 {
        return Err(MetricError::ImageSize { width, height, why: "it has no pixels" });
    }
    let tables: [[f32; 256]; 3] = std::array::from_fn(|channel| normalization.table(channel));
    let area = width as usize * height as usize;
    let mut values = vec![0f32; images.len() * 3 * area];
    for (image, values) in images.iter().zip(values.chunks_exact_mut(3 * area)) {
        let (red, rest) = values.split_at_mut(area);
        let (green, blue) = rest.split_at_mut(area);
        let planes = red.iter_mut().zip(green).zip(blue);
        for (((red, green), blue), [r, g, b]) in planes.zip(image.as_raw().as_chunks::<3>().0) {
            *red = tables[0][usize::from(*r)];
            *green = tables[1][usize::from(*g)];
            *blue = tables[2][usize::from(*b)];
        }
    }
    let shape = (images.len(), 3, height as usize, width as usize);
    Tensor::from_vec(values, shape, device)
        .map_err(|source| MetricError::Network { network: "preprocessing".to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_come_first_and_are_normalised_each_by_its_own() {
        let image = RgbImage::from_fn(3, 2, |x, y| image::Rgb([x as u8, 10 + y as u8, 255]));
        let tensor = to_tensor(&[&image, &image], Normalization::CLIP, &Device::Cpu).unwrap();
        assert_eq!(tensor.dims(), [2, 3, 2, 3]);
        let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(values[1], (1.0 / 255.0 - 0.481_454_66) / 0.268_629_54);
        assert_eq!(values[6 + 3], (11.0 / 255.0 - 0.457_827_5) / 0.261_302_6);
        assert_eq!(values[18 + 17], (1.0 - 0.408_210_73) / 0.275_777_1);
    }

    #[test]
    fn a_batch_has_one_size() {
        let images = [RgbImage::new(3, 2), RgbImage::new(2, 3)];
        assert!(to_tensor(&[&images[0], &images[1]], Normalization::UNIT, &Device::Cpu).is_err());
        assert!(to_tensor(&[], Normalization::UNIT, &Device::Cpu).is_err());
    }
}
