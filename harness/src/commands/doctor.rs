//! `gentron doctor`: what is here, what is missing, and how to get it.

use std::path::Path;

use serde::Serialize;

use super::setup;
use crate::cli::DoctorArgs;
use crate::failure::{Explained, Outcome};
use crate::recipe::{self, Narrowing};
use crate::registry::{Library, Places};
use crate::score::networks::{NETWORKS, Network};
use crate::store::atomic;
use crate::table::{self, Lean};
use crate::{device, version, weights};

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    what: String,
    well: bool,
    /// The recipe does not need it: it may be absent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
    found: String,
    /// What to do about it, if it is not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// Checks everything that a recipe needs; exit code 1 says that something is missing.
///
/// # Errors
/// Whoever reads stdout has gone away.
pub fn run(args: &DoctorArgs) -> anyhow::Result<Outcome> {
    let mut findings = vec![program(), processor()];
    findings.extend(of_recipe(args));
    findings.push(writable(Path::new("runs")));
    findings.extend(NETWORKS.iter().map(scorer));
    let well = findings.iter().all(|finding| finding.well || finding.optional);
    if args.json {
        table::print_json(&findings)?;
    } else {
        let row = |f: &Finding| vec![f.word().to_owned(), f.what.clone(), f.found.clone()];
        let rows: Vec<_> = findings.iter().map(row).collect();
        let mut text = table::render(&[("", Lean::Left), ("what", Lean::Left), ("found", Lean::Left)], &rows);
        let mut hints: Vec<&String> = findings.iter().filter_map(|finding| finding.hint.as_ref()).collect();
        hints.dedup();
        text.extend(hints.into_iter().map(|hint| format!("\nhint: {hint}\n")));
        table::print(&text)?;
    }
    Ok(if well { Outcome::Done } else { Outcome::GateFailed })
}

impl Finding {
    fn word(&self) -> &'static str {
        match (self.well, self.optional) {
            (true, _) => "ok",
            (false, true) => "absent",
            (false, false) => "MISSING",
        }
    }
}

/// A scorer of photographs: the small world does not need it.
fn scorer(network: &Network) -> Finding {
    let what = format!("scorer {} ({})", network.key, network.name);
    if let Some((folder, by)) = network.found() {
        return Finding {
            optional: true,
            ..well(what, format!("{} ({by}), for {}", folder.display(), network.scores))
        };
    }
    let looked: Vec<String> = network.places().iter().map(|(folder, _)| folder.display().to_string()).collect();
    let looked = if looked.is_empty() { "nowhere".to_owned() } else { looked.join(", ") };
    let hint = format!("for {} on photographs: {}", network.scores, network.command());
    Finding { what, well: false, optional: true, found: format!("not in {looked}"), hint: Some(hint) }
}

fn well(what: impl Into<String>, found: impl Into<String>) -> Finding {
    Finding { what: what.into(), well: true, optional: false, found: found.into(), hint: None }
}

fn missing(what: impl Into<String>, error: &anyhow::Error) -> Finding {
    let hint = error.downcast_ref::<Explained>().map(|explained| explained.hint.clone());
    Finding { what: what.into(), well: false, optional: false, found: error.to_string(), hint }
}

fn program() -> Finding {
    let changed = if version::code().dirty == Some(true) { ", with changes that no commit holds" } else { "" };
    well("gentron", format!("{}{changed}", version::VERSION))
}

fn processor() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    well("processor", format!("{cores} cores, {}, networks on {}", std::env::consts::ARCH, device::name()))
}

/// The recipe, and each weights folder that it computes with.
fn of_recipe(args: &DoctorArgs) -> Vec<Finding> {
    let loaded = recipe::load(args.recipe.as_deref());
    let (written, source) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => return vec![missing("recipe", &error)],
    };
    let folder_name = written.weights.folder.clone();
    let library = match Places::new(args.suites.as_deref()) {
        Ok(places) => Library::new(places, recipe::located(&written, source.folder())),
        Err(error) => return vec![missing("suites", &error)],
    };
    let resolved = match recipe::resolve(written, &Narrowing::default(), &library, &source.word()) {
        Ok(resolved) => resolved,
        Err(error) => return vec![missing("recipe", &error)],
    };
    let mut findings = vec![well("recipe", format!("{}: {} arms", source.word(), resolved.arms.len()))];
    let folder = match weights::find(args.weights.as_deref(), source.folder(), &folder_name) {
        Ok(found) => {
            findings.push(well("weights folder", format!("{} ({})", found.folder.display(), found.by)));
            found.folder
        }
        Err(error) => {
            findings.push(missing("weights folder", &error));
            return findings;
        }
    };
    // Backbones first: what else is needed is written in their configurations.
    let backbones = || resolved.arms.iter().filter_map(|arm| arm.weights.clone()).collect();
    for name in setup::needed(&resolved, &folder).unwrap_or_else(|_| backbones()) {
        let what = format!("weights/{name}");
        let checked =
            weights::check_folder(&folder, &name).and_then(|()| weights::check::parameters(&folder.join(&name)));
        findings.push(match checked {
            Ok(count) => well(what, format!("{} parameters", table::grouped(count))),
            Err(error) => missing(what, &error),
        });
    }
    findings
}

fn writable(folder: &Path) -> Finding {
    let existed = folder.exists();
    let probe = folder.join(".doctor");
    let written = atomic::write(&probe, b"gentron").and_then(|()| Ok(std::fs::remove_file(&probe)?));
    if !existed {
        // Best effort: an empty folder more or less does no harm.
        drop(std::fs::remove_dir(folder));
    }
    match written {
        Ok(()) => well("folder for runs", format!("{} can be written", folder.display())),
        Err(error) => Finding {
            what: "folder for runs".into(),
            well: false,
            optional: false,
            found: format!("{error:#}"),
            hint: Some("go to a folder that can be written, or name one with --out".into()),
        },
    }
}
