//! Pillow's resampler and torchvision's policies, to the last bit.

use gentron_metrics::pixels::{Filter, shorter_side, shorter_side_and_crop, square};
use image::RgbImage;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::goldens;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    op: String,
    in_w: u32,
    in_h: u32,
    out_w: u32,
    out_h: u32,
    sha256: String,
    every_997th_byte: Vec<u8>,
}

/// R = (7x + 3y) % 256, G = x·y % 256, B = (x² + 5y) / 3 % 256.
pub fn formula_image(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([7 * x + 3 * y, x * y, (x * x + 5 * y) / 3].map(|value| (value % 256) as u8))
    })
}

#[test]
fn parity_of_resizing() {
    for (name, golden) in goldens::read_all::<Golden>("pil_resize", ".json") {
        for case in &golden.cases {
            let image = formula_image(case.in_w, case.in_h);
            let resized = match case.op.split(" #").next().unwrap_or_default().trim() {
                "Resize((480,480),BICUBIC)" => square(&image, 480, Filter::Bicubic),
                "Resize([480,480]) bilinear" => square(&image, 480, Filter::Bilinear),
                "Resize(479,max_size=480) bilinear" => shorter_side(&image, 479, Some(480), Filter::Bilinear),
                "Resize(224,BICUBIC)+CenterCrop(224)" => shorter_side_and_crop(&image, 224, Filter::Bicubic),
                other => panic!("{name} has an unknown operation {other:?}"),
            };
            let resized = resized.unwrap_or_else(|e| panic!("{name}, {}: {e}", case.op));
            assert_eq!(resized.dimensions(), (case.out_w, case.out_h), "{name}, {}", case.op);
            let sample: Vec<u8> = resized.as_raw().iter().copied().step_by(997).collect();
            let shown = sample.len().min(case.every_997th_byte.len());
            assert_eq!(sample[..shown], case.every_997th_byte[..shown], "{name}, {} {}", case.op, case.in_w);
            let digest: String = Sha256::digest(resized.as_raw()).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digest, case.sha256, "{name}, {} of {} x {}", case.op, case.in_w, case.in_h);
        }
        println!("{name}: {} pictures are equal to the last bit", golden.cases.len());
    }
}
