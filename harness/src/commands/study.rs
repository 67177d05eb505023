//! `gentron study`: freezing, inviting, attacking, closing.

use std::path::PathBuf;

use gentron_metrics::frechet::ImageFeatures;

use super::suites;
use crate::cli::{StudyAction, StudyNewArgs};
use crate::failure::{Explain as _, Outcome, refuse};
use crate::progress;
use crate::recipe::World;
use crate::score::clip::ClipSimilarity;
use crate::score::networks::Network;
use crate::store::Run;
use crate::study::audit::{Audit, audit};
use crate::study::event::Event;
use crate::study::folder::Folder;
use crate::study::freeze::{Wanted, default_plan, freeze};
use crate::study::picture::Clips;
use crate::study::secret::Secret;
use crate::study::source::{self, Chosen, Which};
use crate::study::writer::Writer;
use crate::table::{self, Lean};
use crate::weights;

/// Does what the word behind `study` says.
///
/// # Errors
/// Whatever keeps it from its end.
pub fn run(action: &StudyAction) -> anyhow::Result<Outcome> {
    match action {
        StudyAction::New(args) => new(args),
        StudyAction::Invite { study, count, origin } => {
            let secret = Secret::read(&Folder::open(study)?.path)?;
            let mut text = String::new();
            for _ in 0..*count {
                text += &format!("{}/join/{}\n", origin.trim_end_matches('/'), secret.invitation()?);
            }
            table::print(&text)?;
            Ok(Outcome::Done)
        }
        StudyAction::Audit { study, clip, json } => {
            let folder = Folder::open(study)?;
            let clip = clip.clone().or_else(|| eyes(&folder));
            let clip = clip.as_deref().map(ClipSimilarity::load).transpose()?;
            let audit = audit(&folder, clip.as_ref().map(|clip| clip as &dyn ImageFeatures))?;
            if *json {
                table::print_json(&audit)?
            } else {
                table::print(&render(&audit))?
            }
            Ok(if audit.is_blind() { Outcome::Done } else { Outcome::GateFailed })
        }
        StudyAction::Close { study, database } => {
            let writer = Writer::open(&Folder::open(study)?, database.as_deref())?;
            let closed = writer.change_now(|draft| {
                if !draft.state.closed {
                    draft.push(Event::Closed);
                }
                draft.state.items.iter().map(|tally| u64::from(tally.answered)).sum::<u64>()
            });
            let votes =
                closed.explain(|| ("the study is not closed", "check the disk, and give the same command again"))?;
            table::print(&format!(
                "closed with {votes} votes; `gentron votes analyse {}` concludes\n",
                study.display()
            ))?;
            Ok(Outcome::Done)
        }
    }
}

fn new(args: &StudyNewArgs) -> anyhow::Result<Outcome> {
    let chosen = chosen(args)?;
    let mut plan = default_plan();
    plan.votes_per_pair = args.votes_per_pair;
    plan.pairs_per_rater = args.pairs_per_rater;
    plan.gold_every = args.gold_every;
    plan.lease_minutes = args.lease_minutes;
    plan.open = args.open;
    plan.most_raters = args.most_raters;
    let wanted = Wanted {
        title: args.title.clone(),
        simulated: args.simulated,
        seed: args.seed,
        size: args.size,
        clips: Clips { frames: args.frames, fps: args.fps },
        plan,
    };
    let study = freeze(chosen, &wanted, &args.study)?;
    let folder = Folder::open(&args.study)?;
    let votes = study.items.len() as u64 * u64::from(study.plan.votes_per_pair);
    // Somebody's share is limited by the prompts, too: each is seen once.
    let share = (study.plan.pairs_per_rater as usize).min(study.prompts.len()).max(1) as u64;
    let mut text = format!(
        "frozen: {} arms, {} prompts, {} pairs, {votes} votes wanted from at least {} raters\n",
        study.arms.len(),
        study.prompts.len(),
        study.items.len(),
        votes.div_ceil(share).max(u64::from(study.plan.votes_per_pair)),
    );
    text += &format!("design: sha256 {}\n", folder.digest);
    text += &format!("next: gentron study audit {0}; gentron serve {0}\n", args.study.display());
    table::print(&text)?;
    Ok(Outcome::Done)
}

/// The images: of a run's arms, or of folders.
fn chosen(args: &StudyNewArgs) -> anyhow::Result<Chosen> {
    let most = args.prompts.as_deref().and_then(|word| word.parse().ok());
    let suite = args.prompts.as_deref().filter(|_| most.is_none());
    let prompts =
        suite.map(|word| suites::part(word, &[], args.suites.as_deref())).transpose()?.map(|(prompts, _)| prompts);
    let folder = |arm: &String| arm.split_once('=').map(|(name, folder)| (name.to_owned(), PathBuf::from(folder)));
    let folders: Vec<(String, PathBuf)> = args.arms.iter().filter_map(folder).collect();
    if folders.is_empty() {
        return source::of_run(&Run::open(&args.run)?, &args.arms, &Which { most, prompts });
    }
    if folders.len() < args.arms.len() {
        return Err(refuse("some arms are folders and some are not", "name a folder for each: --arms A=DIR,B=DIR"));
    }
    let Some(prompts) = prompts else {
        let hint = "as --prompts parti:100, t2i-compbench/color or mine.csv";
        return Err(refuse("folders do not say what was to be drawn: --prompts must name the suite", hint));
    };
    let (chosen, lacking) = source::of_folders(&folders, &prompts, None)?;
    if lacking > 0 {
        progress::say(&format!("note: {lacking} prompts have no image in some folder and are left out"));
    }
    Ok(chosen)
}

/// The CLIP of the pictures' world, where it is on this machine.
fn eyes(folder: &Folder) -> Option<PathBuf> {
    if folder.study.prompts.iter().all(|prompt| World::of(&prompt.suite) == World::Shapes) {
        let shipped = weights::find(None, None, "weights").ok()?.folder.join(gentron_model::gentron::CLIP_SHAPES.name);
        return shipped.is_dir().then_some(shipped);
    }
    Some(Network::find("clip")?.found()?.0)
}

fn render(audit: &Audit) -> String {
    let one = |count: usize, what: &str| {
        if count == 1 { format!("blind   one {what}\n") } else { format!("LEAK    {count} {what}s\n") }
    };
    let mut text = one(audit.lengths, "length in bytes")
        + &one(audit.sizes, "size in pixels")
        + &one(audit.frames, "number of frames")
        + &one(audit.chunks.len(), "set of chunks");
    text += &format!("        {}\n\n", audit.chunks.join("; "));
    let rows: Vec<Vec<String>> = audit
        .leaks
        .iter()
        .map(|leak| {
            let percent = |share: f64| format!("{:.1}", share * 100.0);
            let [first, second] = leak.arms.clone();
            vec![
                first,
                second,
                leak.look.name().to_owned(),
                percent(leak.accuracy),
                format!("{} to {}", percent(leak.low), percent(leak.high)),
                leak.prompts.to_string(),
            ]
        })
        .collect();
    let headings = [
        ("arm", Lean::Left),
        ("arm", Lean::Left),
        ("by", Lean::Left),
        ("told apart %", Lean::Right),
        ("95 %", Lean::Right),
        ("prompts", Lean::Right),
    ];
    text += &table::render(&headings, &rows);
    text += "\n50 % is luck. Above it, an attacker who knows the arms' style can recognise them.\n";
    text + &match &audit.clip {
        Some(clip) => format!("Embeddings are those of {clip}.\n"),
        None => "No CLIP was found whose embeddings could attack, too: --clip DIR names one.\n".to_owned(),
    }
}
