//! Weights that fit, and all the ways in which they do not.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Result as Computed, Tensor};
use candle_nn::{Init, VarBuilder};
use tempfile::TempDir;

use super::{CheckpointError, Naming, Problem, check, load};
use crate::parameter_types;

/// A folder of this test's own, removed when it goes.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn save(&self, file: &str, tensors: &[(&str, &[usize], DType)]) {
        let tensor = |shape: &[usize], dtype| Tensor::ones(shape, DType::F32, &Device::Cpu)?.to_dtype(dtype);
        let tensors: Computed<HashMap<&str, Tensor>> =
            tensors.iter().map(|(name, shape, dtype)| Ok((*name, tensor(shape, *dtype)?))).collect();
        candle_core::safetensors::save(&tensors.expect("tensors"), self.path().join(file)).expect("a file");
    }
}

/// Two tensors: `a.weight` (2,3) and `b` (5).
fn network(vb: VarBuilder) -> Computed<[Tensor; 2]> {
    Ok([vb.pp("a").get((2, 3), "weight")?, vb.get(5, "b")?])
}

fn read(path: &Path, naming: Naming) -> Result<[Tensor; 2], CheckpointError> {
    load(path, naming, (DType::F32, &Device::Cpu), network)
}

const GOOD: [(&str, &[usize], DType); 2] = [("a.weight", &[2, 3], DType::F16), ("b", &[5], DType::F32)];

#[test]
fn halves_become_floats() {
    let folder = Folder::new();
    folder.save("model.safetensors", &GOOD);
    check(folder.path(), Naming::default(), network).expect("headers that fit");
    let [a, b] = read(folder.path(), Naming::default()).expect("a network");
    assert_eq!((a.dtype(), a.dims(), b.dims()), (DType::F32, &[2, 3][..], &[5][..]));
    assert_eq!(a.sum_all().and_then(|sum| sum.to_scalar::<f32>()).expect("a sum"), 6.0);
}

#[test]
fn a_length_that_no_header_has_is_damage_and_takes_no_memory() {
    let folder = Folder::new();
    let path = folder.path().join("model.safetensors");
    // A file with a hole, as long as it says.
    let length: u64 = 200 << 20;
    std::fs::write(&path, length.to_le_bytes()).expect("a file");
    let file = std::fs::File::options().write(true).open(&path).expect("a file");
    file.set_len(8 + length).expect("a length");
    let error = read(folder.path(), Naming::default()).expect_err("no header");
    let CheckpointError::Damaged { source, .. } = &error else { panic!("{error}") };
    assert!(source.to_string().contains("no length that a header has"), "{source}");
}

#[test]
fn every_problem_is_named_at_once() {
    let folder = Folder::new();
    folder.save("model.safetensors", &[("a.weight", &[3, 2], DType::F32), ("c", &[7], DType::F32)]);
    let error = read(folder.path(), Naming::default()).expect_err("a mismatch");
    // The headers alone say the same.
    let checked = check(folder.path(), Naming::default(), network).expect_err("a mismatch");
    assert_eq!(checked.to_string(), error.to_string());
    let text = error.to_string();
    let CheckpointError::Mismatch { path, problems } = error else { panic!("{text}") };
    let (name, expected) = ("b".to_owned(), vec![5]);
    assert!(problems.contains(&Problem::Missing { name, expected }));
    assert_eq!((path, problems.len()), (folder.path().to_owned(), 3));
    for line in ["a.weight: expected shape [2, 3], got [3, 2]", "b: missing", "c: not part of the network"] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn names_may_have_a_prefix_other_towers_and_aliases() {
    let folder = Folder::new();
    let tensors: [(&str, &[usize], DType); 5] = [
        ("m.other.weight", &[2, 3], DType::F32),
        ("m.b", &[5], DType::F32),
        ("m.tower.x", &[1], DType::F32),
        ("else", &[1], DType::F32),
        ("m.spare", &[5], DType::F32),
    ];
    folder.save("model.safetensors", &tensors);
    let naming = Naming { prefix: "m.", ignore: &["tower."], aliases: &[("a.weight", "other.weight"), ("b", "spare")] };
    read(folder.path(), naming).expect("a network");
    read(folder.path(), Naming { aliases: &[], ..naming }).expect_err("a.weight is missing");
}

#[test]
fn weights_may_come_in_parts() {
    let folder = Folder::new();
    folder.save("1.safetensors", &GOOD[..1]);
    folder.save("2.safetensors", &GOOD[1..]);
    let index = r#"{"weight_map": {"a.weight": "1.safetensors", "b": "2.safetensors"}}"#;
    std::fs::write(folder.path().join("model.safetensors.index.json"), index).expect("an index");
    read(folder.path(), Naming::default()).expect("a network");
    std::fs::remove_file(folder.path().join("2.safetensors")).expect("gone");
    let error = read(folder.path(), Naming::default()).expect_err("a part is missing");
    assert!(matches!(&error, CheckpointError::Unreadable { path, .. } if path.ends_with("2.safetensors")), "{error}");
}

#[test]
fn what_is_no_checkpoint_is_an_error_not_a_panic() {
    let folder = Folder::new();
    assert!(matches!(read(folder.path(), Naming::default()), Err(CheckpointError::NotFound { .. })));
    folder.save("model.safetensors", &GOOD);
    let file = folder.path().join("model.safetensors");
    let whole = std::fs::read(&file).expect("bytes");
    for length in [0, 5, 8, 40, whole.len() - 1] {
        std::fs::write(&file, &whole[..length]).expect("a shorter file");
        let error = read(&file, Naming::default()).expect_err("cut short");
        assert!(matches!(error, CheckpointError::Damaged { .. }), "{length} bytes: {error}");
    }
    std::fs::write(&file, [&whole[..], b"more"].concat()).expect("a longer file");
    assert!(matches!(read(&file, Naming::default()), Err(CheckpointError::Damaged { .. })));
}

#[test]
fn a_network_that_cannot_be_built_says_why() {
    let folder = Folder::new();
    folder.save("model.safetensors", &GOOD);
    let built = load(folder.path(), Naming::default(), (DType::F32, &Device::Cpu), |_| -> Computed<()> {
        candle_core::bail!("heads do not divide the width")
    });
    assert!(matches!(built, Err(CheckpointError::Build { .. })));
}

#[test]
fn matrices_may_stay_in_bfloat16_beside_all_else_in_f32() {
    let folder = Folder::new();
    folder.save("model.safetensors", &[("weight", &[3, 2], DType::BF16), ("bias", &[3], DType::BF16)]);
    let build = |vb: VarBuilder| {
        let zero = Init::Const(0.0);
        Ok([parameter_types::matrix(&vb, (3, 2), zero)?, parameter_types::other(&vb, 3, "bias", zero)?])
    };
    let read = |dtype| load(folder.path(), Naming::default(), (dtype, &Device::Cpu), build).expect("a network");
    assert_eq!(read(DType::BF16).map(|x| x.dtype()), [DType::BF16, DType::F32]);
    assert_eq!(read(DType::F16).map(|x| x.dtype()), [DType::F16, DType::F32]);
    assert_eq!(read(DType::F32).map(|x| x.dtype()), [DType::F32, DType::F32]);
}

#[test]
fn a_file_that_ends_early_is_named_before_anything_is_built() {
    let folder = Folder::new();
    folder.save("model.safetensors", &GOOD);
    let path = folder.path().join("model.safetensors");
    let bytes = std::fs::read(&path).expect("a file");
    for length in [0, 5, 20, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).expect("a file");
        let error = read(folder.path(), Naming::default()).expect_err("a damaged file");
        assert!(matches!(error, CheckpointError::Damaged { .. }), "{length} bytes: {error}");
        assert!(error.to_string().contains("model.safetensors"), "{error}");
    }
}

/// Two parts that both have `b`, as ones and as zeros, and an index of them.
fn in_two_parts(folder: &Folder, index: &str) {
    folder.save("1.safetensors", &GOOD);
    let zeros = Tensor::zeros(5, DType::F32, &Device::Cpu).expect("zeros");
    candle_core::safetensors::save(&HashMap::from([("b", zeros)]), folder.path().join("2.safetensors"))
        .expect("a file");
    std::fs::write(folder.path().join("model.safetensors.index.json"), index).expect("an index");
}

#[test]
fn a_tensor_is_read_from_the_part_that_the_index_names() {
    let folder = Folder::new();
    for (part, sum) in [("1", 5.0), ("2", 0.0)] {
        // The last keeps the second part among the files, whichever is named.
        let index = r#"{"weight_map": {"a.weight": "1.safetensors", "b": "N.safetensors", "c": "2.safetensors"}}"#;
        in_two_parts(&folder, &index.replace('N', part));
        let [_, b] = read(folder.path(), Naming { ignore: &["c"], ..Naming::default() }).expect("a network");
        assert_eq!(b.sum_all().and_then(|sum| sum.to_scalar::<f32>()).expect("a sum"), sum, "part {part}");
    }
}

#[test]
fn an_index_that_contradicts_its_parts_is_refused_with_tensor_and_file() {
    let folder = Folder::new();
    let said = |index: &str| {
        in_two_parts(&folder, index);
        let error = read(folder.path(), Naming::default()).expect_err("a contradiction");
        let checked = check(folder.path(), Naming::default(), network).expect_err("a contradiction");
        assert_eq!(checked.to_string(), error.to_string());
        error
    };
    let wrong = said(r#"{"weight_map": {"a.weight": "2.safetensors", "b": "1.safetensors"}}"#);
    assert!(matches!(&wrong, CheckpointError::Index { path, problems } if path.is_file() && problems.len() == 1));
    assert!(wrong.to_string().contains("a.weight: to be in 2.safetensors, and is in 1.safetensors"), "{wrong}");
    let open = said(r#"{"weight_map": {"a.weight": "1.safetensors", "c": "2.safetensors"}}"#);
    assert!(
        open.to_string().contains("b: in 1.safetensors and 2.safetensors, and the index does not name it"),
        "{open}"
    );
    let nowhere = said(r#"{"weight_map": {"a.weight": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors"}}"#);
    assert!(nowhere.to_string().contains("c: to be in 2.safetensors by the index, and is in no part"), "{nowhere}");
    assert!(matches!(nowhere, CheckpointError::Mismatch { problems, .. } if problems.len() == 1));

    // As published indices of T5 name the embedding a second time, which the parts do not hold twice.
    let tied = Naming { aliases: &[("b", "c")], ..Naming::default() };
    read(folder.path(), tied).expect("a network");
}
