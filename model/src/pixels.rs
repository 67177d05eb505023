//! Between pictures and tensors.

use candle_core::{DType, Device, Result, Tensor, bail};
use image::RgbImage;

/// Pictures of one size → (B, 3, H, W) in -1..1.
///
/// # Errors
/// Where sizes differ, or there is no picture.
pub fn to_tensor(images: &[&RgbImage], device: &Device) -> Result<Tensor> {
    let Some(first) = images.first() else { bail!("no image to convert") };
    let (width, height) = first.dimensions();
    let mut values = Vec::with_capacity(images.len() * 3 * (width * height) as usize);
    for image in images {
        if image.dimensions() != (width, height) {
            bail!("images of {width} x {height} and {:?} in one batch", image.dimensions());
        }
        for channel in 0..3 {
            values.extend(image.as_raw().iter().skip(channel).step_by(3).map(|&v| f32::from(v) / 127.5 - 1.0));
        }
    }
    Tensor::from_vec(values, (images.len(), 3, height as usize, width as usize), device)
}

/// (B, 3, H, W) in -1..1 → pictures: the one place where floats become RGB8, by rounding to nearest after clamping.
///
/// # Errors
/// Where the tensor has other axes.
pub fn to_images(tensor: &Tensor) -> Result<Vec<RgbImage>> {
    let (batch, channels, height, width) = tensor.dims4()?;
    if channels != 3 {
        bail!("an image has 3 channels, not {channels}");
    }
    let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
    let area = height * width;
    let quantise = |v: f32| (v.clamp(-1.0, 1.0).mul_add(127.5, 127.5)).round() as u8;
    let picture = |b: usize| {
        let base = b * 3 * area;
        RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let i = base + y as usize * width + x as usize;
            image::Rgb([quantise(values[i]), quantise(values[i + area]), quantise(values[i + 2 * area])])
        })
    };
    Ok((0..batch).map(picture).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grey_level_survives_the_round_trip() {
        let image =
            RgbImage::from_fn(16, 16, |x, y| image::Rgb([(x + 16 * y) as u8, 255 - (x + 16 * y) as u8, x as u8]));
        let back = to_images(&to_tensor(&[&image], &Device::Cpu).unwrap()).unwrap();
        assert_eq!(back, [image]);
    }
}
