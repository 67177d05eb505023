//! Spoiling pictures.

use image::RgbImage;

/// What happens to a picture.
#[derive(Clone, Copy, Debug)]
pub struct Spoil {
    /// Every pixel becomes the mean of the square that reaches so far.
    pub blur: i64,
    /// Standard deviation of the noise, grey levels.
    pub noise: f64,
}

/// The picture blurred, then with noise added, which depends on `seed` alone.
pub fn spoilt(image: &RgbImage, spoil: Spoil, seed: u64) -> RgbImage {
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    let mut noise = Noise(seed);
    let mut pixel = |x: u32, y: u32| {
        let (mut sum, mut count) = ([0.0; 3], 0.0);
        for row in (i64::from(y) - spoil.blur).max(0)..(i64::from(y) + spoil.blur + 1).min(height) {
            for column in (i64::from(x) - spoil.blur).max(0)..(i64::from(x) + spoil.blur + 1).min(width) {
                let source = image.get_pixel(column as u32, row as u32).0;
                sum.iter_mut().zip(source).for_each(|(sum, value)| *sum += f64::from(value));
                count += 1.0;
            }
        }
        image::Rgb(sum.map(|sum| (sum / count + spoil.noise * noise.normal()).round().clamp(0.0, 255.0) as u8))
    };
    RgbImage::from_fn(image.width(), image.height(), &mut pixel)
}

/// SplitMix64.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Sum of twelve uniforms: variance 1, no tail beyond 6.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}
