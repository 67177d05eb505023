//! For tests: a study without pictures, and people who take part in it.

use std::sync::Arc;

use super::assign::{self, Next};
use super::design::{ANALYSIS, FORMAT, FlagRules, Plan, Source, Study, StudyArm, StudyPrompt};
use super::event::{Choice, Event, Record};
use super::freeze::{gold, items};
use super::state::State;

/// A study as it goes on.
pub struct Rehearsal {
    pub state: State,
    /// Milliseconds since it began.
    pub now: u64,
    records: u64,
}

/// Every pair gets `votes`, every rater at most `pairs`, every fourth of them gold, leases of 30 minutes.
pub fn study(arms: usize, prompts: usize, (votes, pairs): (u32, u32)) -> Study {
    let arm = |index: usize| StudyArm { id: format!("arm-{index}"), label: format!("Arm {index}") };
    let prompt = |index: usize| StudyPrompt {
        id: format!("prompt-{index}"),
        suite: "shapes".into(),
        category: "color".into(),
        text: "a red circle".into(),
    };
    Study {
        format: FORMAT,
        title: "A rehearsal".into(),
        simulated: true,
        made_by: String::new(),
        source: Source { run: "none".into(), manifest: String::new() },
        seed: 5,
        arms: (0..arms).map(arm).collect(),
        prompts: (0..prompts).map(prompt).collect(),
        questions: Vec::new(),
        size: [64, 64],
        clip: None,
        bytes: 0,
        pictures: Vec::new(),
        items: items(arms, prompts),
        gold: gold(arms, prompts),
        plan: Plan {
            votes_per_pair: votes,
            pairs_per_rater: pairs,
            gold_every: 4,
            lease_minutes: 30,
            open: true,
            most_raters: 1000,
            flags: FlagRules::default(),
            analysis: ANALYSIS.into(),
        },
    }
}

impl Rehearsal {
    pub fn new(study: Study) -> Self {
        Self { state: State::new(Arc::new(study)), now: 0, records: 0 }
    }

    pub fn happens(&mut self, event: Event) {
        let record = Record::new(self.records, self.now, &self.state.head.clone(), event);
        self.state.apply(&record);
        self.records += 1;
    }

    /// Somebody new.
    pub fn comes(&mut self) -> usize {
        let rater = self.state.raters.len();
        self.happens(Event::Joined { rater, token: format!("token-{rater}"), invitation: None });
        rater
    }

    /// The ballot that a rater has, or is given now; none when there is no more.
    pub fn asks(&mut self, rater: usize) -> Option<usize> {
        match assign::next(&self.state, rater).expect("random numbers") {
            Next::InHand(ballot) => Some(ballot),
            Next::Assign(event) => {
                self.happens(event);
                self.state.raters[rater].current
            }
            Next::Enough | Next::NothingLeft => None,
        }
    }

    /// A ballot is answered after some seconds.
    pub fn answers(&mut self, ballot: usize, seconds: u64, answers: [Choice; 2]) {
        self.now += 1000 * seconds;
        let revision = self.state.ballots[ballot].revision;
        self.happens(Event::Voted { ballot, revision, answers: answers.to_vec() });
    }

    /// Ballots whose lease has ended come back.
    pub fn leases_end(&mut self) {
        for ballot in assign::expired(&self.state, self.now) {
            self.happens(Event::Returned { ballot });
        }
    }
}
