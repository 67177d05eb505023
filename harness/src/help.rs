//! The manual: what `--help` says beyond `-h`.

/// `gentron --help`.
pub const ABOUT: &str = "\
Ablate text-to-image diffusion transformers: draw, score, report.

gentron runs GenTron (arXiv 2312.04557) under ablation: it draws the images that a recipe asks for with every arm, scores them \
with T2I-CompBench's formulas, compares the arms on the same prompts and the same noise, and writes one HTML file.

Without any file of your own, `gentron ablate` repeats the paper's Table 2 in a small drawn world, with the trained weights that \
come with the repository. Tables go to stdout, progress to stderr; --json gives machines the same numbers.

Exit codes: 0 done, 1 done but a gate failed, 2 could not run, 130 interrupted.";

/// After `gentron --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron ablate                          the paper's Table 2 in the small world, minutes on two cores
  gentron ablate limits-shapes            what the scores can be: ground truth against chance
  gentron doctor                          what is missing, and how to get it";

/// `gentron ablate --help`.
pub const ABLATE: &str = "\
Draw, score and report: everything a recipe asks for.

Draws every image of the plan, scores it, compares the arms, prints a table with 95 % intervals and writes analysis.json and \
report.html into the run's folder. Interrupt it at any moment, by Ctrl-C or by pulling the plug, and give the same command \
again: it goes on where it stopped, and the finished run is the same to the byte, whatever the number of threads.

Without a recipe it makes the paper's three ablations: table2-shapes (conditioning and text encoders, on pictures), then mfg-shapes \
(motion-free guidance, on clips), each with a run folder and a report of its own. --out, --arm, --category or --json mean the first.

Built in: table2-shapes, mfg-shapes, limits-shapes, limits-motion, reconstruction-shapes.

What large text encoders say of the prompts is kept in the run's folder. $GENTRON_EMBEDDINGS names one folder for it instead, which all runs \
and workers share: no text is encoded twice then by the same encoder.

A recipe is a TOML file:

  name = \"encoders\"
  seed = 1
  images_per_prompt = 2
  baseline = \"cross-clip\"            # the first arm if left out

  [[suites]]
  id = \"shapes\"
  categories = [\"color\", \"numeracy\"] # all if left out
  prompts_per_category = 20          # all if left out

  [sampler]
  kind = \"dpm-solver++\"              # or ddim, dpm-solver++-karras, euler, ddpm
  steps = 20
  guidance = 3.0
  frames = 8                         # of clips, with motion_guidance = 1.2; pictures if left out

  [axes]                             # arms that multiply out; or list [[arms]] one by one
  conditioning = [\"cross_attention\"]
  text = [[\"clip\"], [\"t5\"], [\"clip\", \"t5\"]]
  weights = \"gentron-shapes-{conditioning}-{text}\"

  [[gates]]                          # exit code 1 unless this holds
  arm = \"cross-clip\"
  category = \"color\"
  at_least = 0.7";

/// After `gentron ablate --help`.
pub const ABLATE_EXAMPLES: &str = "\
Examples:
  gentron ablate
  gentron ablate --prompts 4 --images 1 --out runs/quick
  gentron ablate limits-shapes --json";

/// `gentron generate --help`.
pub const GENERATE: &str = "\
Draw the images that a recipe asks for, and stop there.

The first stage of `ablate`: it writes the manifest, the plan and the images. Whatever is drawn already is kept; an image that \
is missing, truncated or altered is drawn again, with the same bytes. A clip is one image, its frames side by side; --video also \
writes it as frames, as an animated GIF, and as MP4 and WebM where ffmpeg is installed, in the folder clips/ of the run.

An arm of Stable Diffusion 1.x, 2.x or XL, or of PixArt-α, names what `gentron models fetch` knows (sd-1.5, sd-2.1, sdxl, pixart-alpha-512, \
pixart-alpha-1024), or the folder in the weights folder that holds what diffusers reads (model_index.json, scheduler, tokenizers, text encoders, \
unet or transformer, vae, all as safetensors):

  [[arms]]
  name = \"sdxl\"
  generator = \"diffusers\"
  weights = \"sdxl\"

An arm of another program names it in the recipe:

  [[arms]]
  name = \"mine\"
  generator = \"command\"
  command = { run = [\"python3\", \"draw.py\"], size = [512, 512], timeout_seconds = 900, retries = 2, processes = 1 }

It runs in the recipe's folder and is asked by lines on its standard input, one an image:

  {\"prompt\": \"a red car\", \"prompt_id\": \"...\", \"k\": 0, \"seed\": 3735928559, \"width\": 512, \"height\": 512, \"image\": \"/tmp/.../0.png\"}

It writes PNG, JPEG or WebP to `image` and answers {\"image\": \"/tmp/.../0.png\"} on its standard output, with a member `error` where it cannot; other lines \
are passed over. When its standard input ends it ends, too. With lives = \"batch\" it is started for each batch, need not answer, and exit code 0 \
says that all images are there. A program that ends, fails or takes longer than timeout_seconds is started again, retries times; after that its last words \
on standard error are shown, and what was drawn so far is kept.";

/// After `gentron generate --help`.
pub const GENERATE_EXAMPLES: &str = "\
Examples:
  gentron generate
  gentron generate recipes/table2-shapes.toml --arm cross-t5 --out runs/cross-t5
  gentron generate mfg-shapes --prompts 2 --video
  gentron generate --threads 1 --quiet";

/// `gentron score --help`.
pub const SCORE: &str = "\
Score the images of a run, or of any folder; never draws.

The second stage of `ablate`: every image is measured once, with reasons, and observations.parquet is written. Images that were \
scored by the same version and weights are not scored again.

With --suite the folder is one of images that somebody else drew: samples/{prompt}_{NNNNNN}.png as the official scripts have them, \
<prompt-id>/<k>.png, or <index>.png, from 0, in the order of the prompts that --suite names. An image that is missing is neither 0 nor 1: it \
withholds the mean of its category, unless --bounds says between what the mean must lie.

Drawn shapes are scored exactly. Photographs are looked at by networks whose weights you have: --blip, --clip, --unidet-r50, \
--unidet-rs200 and --depth, or a recipe's [scorers], or folders of these names in $GENTRON_SCORERS or the data folder; \
`gentron doctor` lists them. Boxes that another detector found are read with --detections, and come before UniDet's. What is not there leaves its scores out, with the reason.

With --reference the folder as a whole is compared with a set of real images: FID by Inception, Fréchet distance and CMMD by CLIP. \
The number of images is a part of the name: FID-30K is of 30,000.";

/// After `gentron score --help`.
pub const SCORE_EXAMPLES: &str = "\
Examples:
  gentron score
  gentron score runs/quick --weights weights --json
  gentron score out/color --suite t2i-compbench/color --blip blip --official-files
  gentron score runs/quick/images/truth --suite shapes --bounds";

/// `gentron report --help`.
pub const REPORT: &str = "\
Conclude from the scores of a run: table, analysis.json, report.html.

The last stage of `ablate`, and the cheapest: it needs the run's folder alone, no weights. report.html is one file that opens \
from disk without a network. Exit code 1 says that a gate of the recipe failed, or, \
with --verify, that something is not what it was.

A run that is not finished is reported on as far as it is, and its report says so. With --watch the report keeps up with a run that \
another process is at work in, and a browser that shows the page loads it again; it ends when the run does. What is drawn and not scored \
yet is scored for the report alone.

--export writes scores.tex (booktabs), scores.md, scores and verdicts as CSV and Parquet, and analysis.json with its schema.";

/// After `gentron report --help`.
pub const REPORT_EXAMPLES: &str = "\
Examples:
  gentron report
  gentron report runs/quick --export tables
  gentron report runs/quick --verify
  gentron report runs/quick --watch 5
  gentron report runs/quick --json > quick.json";

/// `gentron train --help`.
pub const TRAIN: &str = "\
Train networks one after the other, each to the end of its recipe.

Checkpoints are written every few minutes and at Ctrl-C; the same command continues from the last one, and ends with the weights \
of a training that was never interrupted. Finished networks go to the weights folder as f16 safetensors with configuration, \
tokenizer and card; a network whose state has seen all its samples is only exported again. Where the recipe's learning rate is \
constant, raising `samples` continues a finished training.

Without --weights they go to ./weights and replace the networks of the same names there: in a checkout of this project, those that come \
with it.";

/// After `gentron train --help`.
pub const TRAIN_EXAMPLES: &str = "\
Examples:
  gentron train
  gentron train --only autoencoder-shapes
  gentron train my-networks.toml --weights my-weights --states /scratch/states";

/// `gentron models --help`.
pub const MODELS: &str = "\
List the networks and their exact sizes, beside the paper's; or fetch published ones.

GenTron itself has no public weights. What it reads and writes with is public, and so are whole pipelines that it is compared with: where a \
recipe names clip-l, flan-t5-xxl, sdxl or another of them, it is looked for in the weights folder, then in the Hugging Face cache, and then \
fetched.";

/// After `gentron models --help`.
pub const MODELS_EXAMPLES: &str = "\
Examples:
  gentron models
  gentron models --json
  gentron models fetch clip-l flan-t5-xxl sd-vae-ft-ema
  gentron models fetch sd-1.5 sdxl pixart-alpha-512";

/// `gentron models fetch --help`.
pub const FETCH_MODELS: &str = "\
Bring published text encoders, autoencoders and whole pipelines into the Hugging Face cache.

The cache is the one of its own libraries: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. What is there already is left as \
it is, what was cut short goes on, and weights are compared with their published SHA-256. HF_ENDPOINT names a mirror, HTTPS_PROXY a proxy, \
HF_TOKEN who you are; HF_HUB_OFFLINE=1 forbids the network.";

/// After `gentron models fetch --help`.
pub const FETCH_MODELS_EXAMPLES: &str = "\
Examples:
  gentron models fetch clip-l
  gentron models fetch google/flan-t5-xxl stabilityai/sd-vae-ft-ema
  gentron models fetch sd-1.5 sd-2.1 sdxl pixart-alpha-512
  gentron models fetch flan-t5-small --json";

/// `gentron suites --help`.
pub const SUITES: &str = "\
List the suites of prompts, or one suite's prompts, or fetch their files.

A suite is named by its key, a part of it by a category or a number of prompts behind it: t2i-compbench/color, parti:100, or \
parti:100@7 for another hundred, with every category and challenge in its share. A file of your own is named by its path: .txt has \
a prompt a line, .tsv and .csv begin with a header that has a column prompt, .jsonl has a member prompt; a column category is used \
where there is one.

The official files are no part of the program. They are looked for in --suites, in the folder that a recipe names, in $GENTRON_SUITES \
and where `gentron suites fetch` puts them, each with or without a folder of the suite's name in it.

A part of a category is a suite, too, by the name of its file: t2i-compbench-color_val_seen and _unseen, as for shape and texture; \
t2i-compbench-complex_val_spatial, _action and _spatialaction, and the same of complex_train.";

/// After `gentron suites --help`.
pub const SUITES_EXAMPLES: &str = "\
Examples:
  gentron suites
  gentron suites shapes --category numeracy
  gentron suites parti:100 --json";

/// `gentron suites fetch --help`.
pub const FETCH: &str = "\
Bring the official prompt files, each checked against its known digest.

Files come from their authors' repositories at commits that never change, and are written whole or not at all; what is there already \
is left as it is. DrawBench is published as an online table without versions: export it as drawbench.csv.

HTTPS_PROXY names a proxy, GENTRON_FETCH_BASE a mirror with the same paths.";

/// After `gentron suites fetch --help`.
pub const FETCH_EXAMPLES: &str = "\
Examples:
  gentron suites fetch
  gentron suites fetch parti
  gentron suites fetch t2i-compbench geneval --to suites";

/// After `gentron metrics --help`.
pub const METRICS_EXAMPLES: &str = "\
Examples:
  gentron metrics
  gentron metrics b-vqa
  gentron metrics unidet-2d --json";

/// After `gentron doctor --help`.
pub const DOCTOR_EXAMPLES: &str = "\
Examples:
  gentron doctor
  gentron doctor recipes/table2-shapes.toml
  gentron doctor --weights /data/weights --json";

/// `gentron serve --help`.
pub const SERVE: &str = "\
Ask people blind: the form of a frozen study, and its operator's page.

One process, no other set-up; with --database several servers, each with a copy of the study's folder, share the votes in PostgreSQL. The form works without JavaScript, and better with it; a rater comes by invitation (or, in an open study, \
by the address), agrees, practises, and answers two questions about each pair; \"saved\" is said only after the vote is on the disk. \
Stop the server at any moment, and start it again: nothing is lost, and personal links go on.

The operator's page listens on this machine alone and opens with the key that is printed. Which arm leads it does not say before the \
study is closed.";

/// After `gentron serve --help`.
pub const SERVE_EXAMPLES: &str = "\
Examples:
  gentron serve studies/one
  gentron serve studies/one --listen 127.0.0.1:9000 --operator 127.0.0.1:9001
  gentron serve studies/one --origin https://study.example.org --connections-per-address 0
  gentron serve studies/one --database postgres://study@db.internal/study";

/// `gentron study --help`.
pub const STUDY: &str = "\
Freeze a study of two or more arms, invite to it, attack it, close it.

A study shows the first image of each prompt by each two arms, same prompt and same noise, or of folders that anything has filled, named \
as `gentron score` reads them. Clips are animated PNG, or frames side by side; they run over and over. Design, rules and the digest of every \
picture are written to study.json before the first vote, and its own digest begins the chain of votes. Pictures are decoded, encoded \
anew and padded to one length: nothing but pixels is left.";

/// After `gentron study --help`.
pub const STUDY_EXAMPLES: &str = "\
Examples:
  gentron study new studies/one --arms adaln-clip,cross-clip --prompts 100
  gentron study new studies/two --arms ours=out/ours,sdxl=out/sdxl --prompts parti:100 --size 512
  gentron study audit studies/one
  gentron study invite studies/one --count 30 --origin https://study.example.org";

/// `gentron votes --help`.
pub const VOTES: &str = "\
Verify, export or analyse the votes of a study.

Every event is chained to the one before it, in study.db and, line by line, in votes.jsonl. Intervals are clustered by prompt and by \
rater; ties are an answer of their own; flagged raters are never deleted, results are shown with and without them.";

/// After `gentron votes --help`.
pub const VOTES_EXAMPLES: &str = "\
Examples:
  gentron votes verify studies/one
  gentron votes export studies/one --format battles --out battles.json
  gentron votes analyse studies/one
  gentron report runs/table2-shapes --votes studies/one";

#[cfg(test)]
mod tests {
    use crate::recipe;
    use crate::registry::Library;

    #[test]
    fn the_recipe_in_the_manual_is_one() {
        let lines = super::ABLATE.lines().skip_while(|line| *line != "A recipe is a TOML file:").skip(1);
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        let parsed = recipe::parse(&text, "the manual").unwrap();
        let resolved =
            recipe::resolve(parsed, &recipe::Narrowing::default(), &Library::default(), "the manual").unwrap();
        let arms: Vec<&str> = resolved.arms.iter().map(|arm| arm.name.as_str()).collect();
        assert_eq!(arms, ["cross-clip", "cross-t5", "cross-clip-t5"]);
    }
}
