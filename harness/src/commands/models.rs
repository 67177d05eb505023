//! `gentron models`: networks and their exact sizes.

use anyhow::Context as _;
use gentron_model::gentron::{GenTronConfig, presets};
use serde::Serialize;

use crate::cli::{FetchModelsArgs, ModelsAction, ModelsArgs};
use crate::failure::{Outcome, refuse};
use crate::names;
use crate::table::{self, Lean, grouped};
use crate::weights::{self, Release};

/// One preset.
#[derive(Serialize)]
struct Model {
    id: &'static str,
    /// Exact, with both text encoders interleaved by cross-attention.
    parameters: u64,
    /// The paper's Table 1, where it has this size.
    paper_millions: Option<f64>,
    /// Floating-point operations of one forward of one latent, in 10⁹.
    gflops: f64,
    config: GenTronConfig,
}

/// Tokens of a text at full size, for CLIP and T5: the cost of cross-attention depends on them.
const TEXT_TOKENS: [usize; 2] = [77, 120];

/// Lists the presets, or brings published networks.
///
/// # Errors
/// A network is unknown or does not come, or whoever reads stdout has gone away.
pub fn run(args: &ModelsArgs) -> anyhow::Result<Outcome> {
    if let Some(ModelsAction::Fetch(fetch)) = &args.action {
        return bring(fetch);
    }
    let mut models = Vec::new();
    for preset in presets() {
        let parameters = preset.config.parameter_count().with_context(|| format!("cannot count {}", preset.name))?;
        let gflops = preset.config.forward_flops(&TEXT_TOKENS, 1) as f64 / 1e9;
        let paper_millions = preset.paper_millions;
        models.push(Model { id: preset.name, parameters, paper_millions, gflops, config: preset.config });
    }
    if args.json {
        table::print_json(&models)?;
    } else {
        let rows: Vec<_> = models.iter().map(row).collect();
        let headings = [
            ("model", Lean::Left),
            ("depth", Lean::Right),
            ("width", Lean::Right),
            ("heads", Lean::Right),
            ("parameters", Lean::Right),
            ("paper", Lean::Right),
            ("difference", Lean::Right),
            ("GFLOP/step", Lean::Right),
        ];
        let note = "\nCross-attention to CLIP and T5, interleaved: what the paper's Table 1 most likely counts.\n";
        table::print(&(table::render(&headings, &rows) + note))?;
    }
    Ok(Outcome::Done)
}

fn row(model: &Model) -> Vec<String> {
    let millions = model.parameters as f64 / 1e6;
    let paper = model.paper_millions.map_or("-".to_owned(), |paper| format!("{paper:.1} M"));
    let difference =
        model.paper_millions.map_or("-".to_owned(), |paper| format!("{:+.2} %", (millions / paper - 1.0) * 100.0));
    vec![
        model.id.to_owned(),
        model.config.depth.to_string(),
        model.config.hidden_size.to_string(),
        model.config.num_heads.to_string(),
        grouped(model.parameters),
        paper,
        difference,
        format!("{:.3}", model.gflops),
    ]
}

/// A release that is here now.
#[derive(Serialize)]
struct Brought {
    model: &'static str,
    repository: &'static str,
    folder: String,
    fetched: usize,
}

fn bring(args: &FetchModelsArgs) -> anyhow::Result<Outcome> {
    let known: Vec<&str> = Release::all().iter().map(Release::key).collect();
    let find = |name: &String| {
        let unknown = || {
            refuse(format!("no published network or pipeline `{name}`"), names::suggestion(name, known.iter().copied()))
        };
        Release::find(name).ok_or_else(unknown)
    };
    let wanted = args.names.iter().map(find).collect::<anyhow::Result<Vec<_>>>()?;
    let mut brought = Vec::new();
    for release in &wanted {
        let (folder, fetched) = weights::bring::bring(release)?;
        let folder = folder.display().to_string();
        brought.push(Brought { model: release.key(), repository: release.repository(), folder, fetched });
    }
    if args.json {
        table::print_json(&brought)?;
    } else {
        let line = |b: &Brought| format!("{}: {} files fetched, in {}\n", b.model, b.fetched, b.folder);
        table::print(&brought.iter().map(line).collect::<String>())?;
    }
    Ok(Outcome::Done)
}
