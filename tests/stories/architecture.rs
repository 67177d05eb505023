//! As a maintainer I can change one crate without reading the others: `harness` composes, the rest meet nowhere else.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::support::repository;

/// Which of our crates may depend on which.
const EDGES: [(&str, &[&str]); 5] = [
    ("gentron-suites", &[]),
    ("gentron-model", &[]),
    ("gentron-metrics", &["gentron-suites"]),
    ("gentron-reports", &[]),
    ("gentron-harness", &["gentron-suites", "gentron-model", "gentron-metrics", "gentron-reports"]),
];

/// Heavy dependencies, and the crates that may name them. candle is the model's; metrics has networks of its own that score, and the harness
/// hands images from one to the other.
const HOMES: [(&str, &[&str]); 11] = [
    ("candle", &["gentron-model", "gentron-metrics", "gentron-harness"]),
    ("tokenizers", &["gentron-model", "gentron-metrics"]),
    ("polars", &["gentron-reports", "gentron-harness"]),
    ("plotters", &["gentron-reports"]),
    ("axum", &["gentron-harness"]),
    ("reqwest", &["gentron-harness"]),
    ("clap", &["gentron-harness"]),
    ("tokio", &["gentron-harness"]),
    ("rusqlite", &["gentron-harness"]),
    ("object_store", &["gentron-harness"]),
    ("askama", &["gentron-reports", "gentron-harness"]),
];

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(repository().join("Cargo.toml")).no_deps().other_options(vec!["--offline".into()]);
    command.exec().unwrap()
}

/// Crate and dependency, for every dependency of the product that is not for development alone.
fn dependencies() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for package in metadata().packages.iter().filter(|package| package.name.as_str() != "gentron-tests") {
        for dependency in &package.dependencies {
            if dependency.kind != DependencyKind::Development {
                found.push((package.name.to_string(), dependency.name.clone()));
            }
        }
    }
    assert!(found.len() > 20, "the metadata is read");
    found
}

#[test]
fn our_crates_meet_in_the_harness_alone() {
    for (package, dependency) in dependencies() {
        let (_, allowed) = EDGES
            .iter()
            .find(|(name, _)| *name == package)
            .unwrap_or_else(|| panic!("{package} is new: give it a line in EDGES and in the architecture"));
        if dependency.starts_with("gentron-") {
            assert!(allowed.contains(&dependency.as_str()), "{package} must not depend on {dependency}");
        }
    }
}

#[test]
fn every_heavy_dependency_has_its_home() {
    for (package, dependency) in dependencies() {
        for (heavy, homes) in HOMES {
            if dependency == heavy || dependency.starts_with(&format!("{heavy}-")) {
                assert!(homes.contains(&package.as_str()), "{package} must not depend on {dependency}");
            }
        }
    }
}

#[test]
fn every_crate_inherits_lints_and_licence() {
    let folders = ["suites", "model", "metrics", "reports", "harness", "tests"];
    for folder in folders {
        let path = repository().join(folder).join("Cargo.toml");
        let manifest = std::fs::read_to_string(&path).unwrap();
        for line in ["[lints]\nworkspace = true", "license.workspace = true", "edition.workspace = true"] {
            assert!(manifest.contains(line), "{} lacks {line:?}", path.display());
        }
    }
}
