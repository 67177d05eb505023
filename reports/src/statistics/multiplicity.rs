//! Reading many p-values at once: Holm's and Benjamini and Hochberg's adjustments.

/// Adjusted p-values that bound the chance of any false discovery (Holm, "A simple sequentially rejective multiple test
/// procedure", Scandinavian Journal of Statistics 6, 1979). Valid under any dependence of the tests; in the order of the input.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut adjusted = vec![0.0; p.len()];
    let mut floor = 0.0f64;
    for (rank, index) in order.iter().enumerate() {
        floor = floor.max((p.len() - rank) as f64 * p[*index]).min(1.0);
        adjusted[*index] = floor;
    }
    adjusted
}

/// Adjusted p-values that bound the expected share of false discoveries (Benjamini and Hochberg, Journal of the Royal Statistical
/// Society B 57, 1995). Valid for independent or positively dependent tests; in the order of the input.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut adjusted = vec![0.0; p.len()];
    let mut ceiling = 1.0f64;
    for (rank, index) in order.iter().enumerate().rev() {
        ceiling = ceiling.min(p.len() as f64 / (rank + 1) as f64 * p[*index]);
        adjusted[*index] = ceiling;
    }
    adjusted
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]).then(a.cmp(b)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand, and the order of the input does not matter.
    #[test]
    fn adjustments_match_the_definition_in_any_order() {
        let p = [0.04, 0.01, 0.03];
        let close = |found: Vec<f64>, want: [f64; 3]| found.iter().zip(want).all(|(f, w)| (f - w).abs() < 1e-15);
        assert!(close(holm(&p), [0.06, 0.03, 0.06]));
        assert!(close(benjamini_hochberg(&p), [0.04, 0.03, 0.04]));
        assert_eq!(holm(&[]), Vec::<f64>::new());
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }
}
