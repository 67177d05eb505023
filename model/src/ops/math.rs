//! Transcendental functions that the compiler can vectorise.

/// e^x in f32, relative error below 2e-7 (Cephes' `expf` polynomial); saturates outside [-87.3, 88.3].
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const LN2_HI: f32 = 0.693_359_4;
    const LN2_LO: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.3, 88.3);
    let n = (x * std::f32::consts::LOG2_E + 0.5).floor();
    let r = (-n).mul_add(LN2_LO, (-n).mul_add(LN2_HI, x));
    let mut p = 1.987_569_1e-4_f32;
    p = p.mul_add(r, 1.398_2e-3);
    p = p.mul_add(r, 8.333_452e-3);
    p = p.mul_add(r, 4.166_579_6e-2);
    p = p.mul_add(r, 0.166_666_65);
    p = p.mul_add(r, 0.5);
    let y = (r * r).mul_add(p, r + 1.0);
    // n is integral and within [-126, 127], so the sum is a valid exponent.
    y * f32::from_bits(((n as i32 + 127) as u32) << 23)
}

#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh in f32, absolute error below 2e-7.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

/// Sum in eight lanes: vectorises, and its order does not depend on the machine.
#[inline(always)]
pub(super) fn sum(x: &[f32]) -> f32 {
    fold(x, |lane, x| lane + x)
}

#[inline(always)]
fn fold(x: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0f32; 8];
    let (head, tail) = x.as_chunks::<8>();
    for chunk in head {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = f(*lane, x);
        }
    }
    let tail = tail.iter().fold(0.0, |acc, &x| f(acc, x));
    lanes.iter().sum::<f32>() + tail
}

/// Sum of squares of the distance to `center`.
#[inline(always)]
pub(super) fn sum_square(x: &[f32], center: f32) -> f32 {
    fold(x, |lane, x| (x - center).mul_add(x - center, lane))
}

#[inline(always)]
pub(super) fn dot(x: &[f32], y: &[f32]) -> f32 {
    let mut lanes = [0f32; 8];
    let (x_head, x_tail) = x.as_chunks::<8>();
    let (y_head, y_tail) = y.as_chunks::<8>();
    for (x, y) in x_head.iter().zip(y_head) {
        for i in 0..8 {
            lanes[i] = x[i].mul_add(y[i], lanes[i]);
        }
    }
    let tail: f32 = x_tail.iter().zip(y_tail).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + tail
}
