//! Transcendental functions that the compiler can vectorise.

/// Elements that are summed side by side: a vector of AVX2.
pub(super) const LANES: usize = 8;

/// e^x in f32, relative error below 2e-7 (Cephes' `expf` polynomial); saturates outside [−87.3, 88.3].
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
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

/// erf in f32, absolute error below 5e-7: the odd rational minimax approximation that Eigen and XLA use.
#[inline(always)]
fn erf(x: f32) -> f32 {
    const P: [f32; 7] = [
        -2.726_142_3e-10,
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_5e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ];
    const Q: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2];
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let p = P[1..].iter().fold(P[0], |sum, &c| sum.mul_add(square, c));
    let q = Q[1..].iter().fold(Q[0], |sum, &c| sum.mul_add(square, c));
    x * p / q
}

/// x Φ(x): the GELU of BERT and ViT.
#[inline(always)]
pub(crate) fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// Sum in lanes: vectorises, and its order does not depend on the machine.
#[inline(always)]
pub(crate) fn sum_by(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let (head, tail) = x.as_chunks::<LANES>();
    for chunk in head {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += f(x);
        }
    }
    lanes.iter().sum::<f32>() + tail.iter().map(|&x| f(x)).sum::<f32>()
}

/// Largest element, −∞ of none.
#[inline(always)]
pub(crate) fn max(x: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (head, tail) = x.as_chunks::<LANES>();
    for chunk in head {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = if x > *lane { x } else { *lane };
        }
    }
    lanes.iter().chain(tail).copied().fold(f32::NEG_INFINITY, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_within_their_bounds() {
        // erf by its Taylor series in f64, which converges everywhere on this interval.
        let erf_exactly = |x: f64| {
            let (mut term, mut sum) = (x, x);
            for n in 1..200 {
                term *= -x * x / f64::from(n);
                sum += term / f64::from(2 * n + 1);
            }
            sum * 2.0 / std::f64::consts::PI.sqrt()
        };
        for i in -400..=400 {
            let x = i as f32 / 100.0;
            let exact = f64::from(x);
            assert!((f64::from(exp(x)) / exact.exp() - 1.0).abs() < 2e-7, "exp({x})");
            assert!((f64::from(erf(x)) - erf_exactly(exact)).abs() < 5e-7, "erf({x})");
        }
        // erf ends 1.5e-7 below 1, where the approximation is clamped.
        assert!((gelu(50.0) / 50.0 - 1.0).abs() < 2e-7 && gelu(0.0) == 0.0);
        assert!(gelu(-50.0).abs() < 1e-5);
    }
}
