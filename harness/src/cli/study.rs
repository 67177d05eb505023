//! What can be typed of studies and their votes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::DEFAULT_RUN;

/// What can be done with a study.
#[derive(Debug, Subcommand)]
pub enum StudyAction {
    /// Freeze a study of a run's images: design, rules, pictures, all hashed
    New(StudyNewArgs),
    /// Print invitations, a link each
    Invite {
        /// Folder of the study
        study: PathBuf,
        /// How many
        #[arg(short, long, default_value_t = 10)]
        count: u32,
        /// Where people reach the form
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
        origin: String,
    },
    /// Attack the study: what gives the arms away? Exit code 1 where bytes do
    Audit {
        /// Folder of the study
        study: PathBuf,
        /// Folder of a CLIP whose embeddings attack, too [default: the shipped one in the small world, else what `doctor` finds]
        #[arg(long, value_name = "DIR")]
        clip: Option<PathBuf>,
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// End the study for good; `serve` must not be running (its operator's page closes, too)
    Close {
        /// Folder of the study
        study: PathBuf,
        /// Where the votes are, if in PostgreSQL [or in GENTRON_DATABASE]
        #[arg(long, value_name = "URL")]
        database: Option<String>,
    },
}

/// A study to freeze.
#[derive(Debug, Args)]
pub struct StudyNewArgs {
    /// New folder of the study
    pub study: PathBuf,
    /// Run whose images are shown
    #[arg(long, value_name = "DIR", default_value = DEFAULT_RUN)]
    pub run: PathBuf,
    /// Arms to compare, at least two: of the run, or NAME=DIR each, folders of images as `gentron score` reads them
    #[arg(long, value_name = "A,B", value_delimiter = ',', required = true)]
    pub arms: Vec<String>,
    /// At most so many prompts, from all categories in turn; or those of a suite: parti:100, mine.csv
    #[arg(long, value_name = "N|SUITE")]
    pub prompts: Option<String>,
    /// Folder of official prompt files [default: $GENTRON_SUITES, then what `suites fetch` brought]
    #[arg(long, value_name = "DIR")]
    pub suites: Option<PathBuf>,
    /// Each file is a clip of so many frames side by side (animated PNG are clips without this)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=512))]
    pub frames: Option<u32>,
    /// Frames a second that clips are shown with
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=60))]
    pub fps: u16,
    /// Raters that each pair gets
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub votes_per_pair: u32,
    /// Pairs that a rater gets at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub pairs_per_rater: u32,
    /// Every how many pairs one has a known answer; 0 is never
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub gold_every: u32,
    /// Minutes after which an unanswered pair goes to somebody else
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub lease_minutes: u32,
    /// Raters at most
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub most_raters: u32,
    /// Anybody with the address may take part, not only who is invited
    #[arg(long)]
    pub open: bool,
    /// A program will vote, not people: labelled so wherever it shows
    #[arg(long)]
    pub simulated: bool,
    /// What raters read at the top; must not name an arm
    #[arg(long, default_value = "Comparing pictures")]
    pub title: String,
    /// Side of every picture in pixels, where they are not of one size
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(16..=4096))]
    pub size: Option<u32>,
    /// Seed of sides, orders and gold
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// A study to serve.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Address of the form; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: std::net::SocketAddr,
    /// Address of the operator's page; keep it on this machine
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    pub operator: std::net::SocketAddr,
    /// PostgreSQL instead of study.db, for several servers: postgres://user@host/database, with ?sslmode=require by TLS [or in GENTRON_DATABASE]
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Where people reach the form, if a proxy is in front: `https://study.example.org`
    #[arg(long, value_name = "URL")]
    pub origin: Option<String>,
    /// Connections at once
    #[arg(long, value_name = "N", default_value_t = 2048)]
    pub connections: usize,
    /// Connections at once from one address; 0 is no limit, for a proxy in front
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub connections_per_address: usize,
}

/// What can be done with votes.
#[derive(Debug, Subcommand)]
pub enum VotesAction {
    /// Check design, pictures, hash chain, database and mirror; exit code 1 at a fault
    Verify {
        /// Folder of the study
        study: PathBuf,
        /// Where the votes are, if in PostgreSQL [or in GENTRON_DATABASE]
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        /// Make study.db anew of votes.jsonl
        #[arg(long)]
        restore: bool,
    },
    /// Write the votes for other programs
    Export {
        /// Folder of the study
        study: PathBuf,
        /// Where the votes are, if in PostgreSQL [or in GENTRON_DATABASE]
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        /// Form of the file
        #[arg(long, value_enum, default_value = "csv")]
        format: crate::study::export::Format,
        /// File to write [default: stdout]
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Conclude: win, tie and lose with intervals, strengths, agreement
    Analyse {
        /// Folder of the study
        study: PathBuf,
        /// Where the votes are, if in PostgreSQL [or in GENTRON_DATABASE]
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        /// Resamples of the bootstrap
        #[arg(long, value_name = "N", default_value_t = 1000)]
        replicates: u32,
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
    },
}
