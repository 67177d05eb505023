//! UniDet's class names.

use gentron_metrics::formulas::unidet_labels;

use crate::goldens;

#[test]
fn parity_of_unidet_labels() {
    let Some(path) = goldens::data("unidet_labels_722.json") else { return };
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let official: Vec<String> = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(unidet_labels(), official);
}
