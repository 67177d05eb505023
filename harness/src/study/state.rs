//! Where a study stands: the fold of its events.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::design::Study;
use super::event::{Choice, Event, Record, Shown};

/// Where a study stands.
#[derive(Clone, Debug)]
pub struct State {
    /// The frozen design.
    pub study: Arc<Study>,
    /// SHA-256 of the design that the study was opened with.
    pub design: String,
    /// Hash of the last record.
    pub head: String,
    /// Everybody who came.
    pub raters: Vec<Rater>,
    /// Everything that was shown to somebody.
    pub ballots: Vec<Ballot>,
    /// How far each pair is.
    pub items: Vec<Tally>,
    /// No more votes.
    pub closed: bool,
    /// Ballots that are out, the oldest first.
    pub out: BTreeSet<(u64, usize)>,
    tokens: HashMap<String, usize>,
    tickets: HashMap<String, usize>,
}

/// Somebody who came.
#[derive(Clone, Debug, Default)]
pub struct Rater {
    /// Agreed to take part.
    pub consented: bool,
    /// Did the practice pair.
    pub practised: bool,
    /// Indices of the prompts seen.
    pub seen: HashSet<usize>,
    /// Ballots, in order.
    pub ballots: Vec<usize>,
    /// The ballot in hand.
    pub current: Option<usize>,
}

/// What was shown to somebody.
#[derive(Clone, Debug)]
pub struct Ballot {
    /// The rater.
    pub rater: usize,
    /// The pair.
    pub shown: Shown,
    /// The second picture is on the left.
    pub swapped: bool,
    /// Single-use name.
    pub ticket: String,
    /// Single-use names of the pictures, left and right.
    pub pictures: [String; 2],
    /// When it was given out.
    pub at: u64,
    /// When it was answered.
    pub answered_at: Option<u64>,
    /// The answers; none while it is open.
    pub answers: Option<Vec<Choice>>,
    /// How often it was undone.
    pub revision: u32,
    /// It came back unanswered.
    pub returned: bool,
    /// Hash of the vote's record.
    pub receipt: String,
}

/// How far a pair is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Ballots answered.
    pub answered: u32,
    /// Ballots out.
    pub out: u32,
    /// Ballots with the second picture on the left, less those with the first.
    pub balance: i32,
}

impl State {
    /// Nothing has happened.
    pub fn new(study: Arc<Study>) -> Self {
        let items = vec![Tally::default(); study.items.len()];
        Self {
            study,
            design: String::new(),
            head: String::new(),
            raters: Vec::new(),
            ballots: Vec::new(),
            items,
            closed: false,
            out: BTreeSet::new(),
            tokens: HashMap::new(),
            tickets: HashMap::new(),
        }
    }

    /// The rater with a token of this hash.
    pub fn rater(&self, token_hash: &str) -> Option<usize> {
        self.tokens.get(token_hash).copied()
    }

    /// The ballot of this name.
    pub fn ballot(&self, ticket: &str) -> Option<usize> {
        self.tickets.get(ticket).copied()
    }

    /// Answered ballots of a rater.
    pub fn answered(&self, rater: usize) -> usize {
        self.raters[rater].ballots.iter().filter(|&&ballot| self.ballots[ballot].answers.is_some()).count()
    }

    /// Indices of the pictures of what is shown, before sides are exchanged, and of its prompt.
    pub fn pair(&self, shown: Shown) -> ([usize; 2], usize) {
        match shown {
            Shown::Item(index) => (self.study.items[index].pictures, self.study.items[index].prompt),
            Shown::Gold(index) => (self.study.gold[index].pictures, self.study.gold[index].prompt),
            Shown::Repeat(ballot) => self.pair(self.ballots[ballot].shown),
        }
    }

    /// Indices of the pictures of a ballot, left and right.
    pub fn sides(&self, ballot: &Ballot) -> [usize; 2] {
        let ([first, second], _) = self.pair(ballot.shown);
        if ballot.swapped { [second, first] } else { [first, second] }
    }

    /// Lets a record happen. Records come from a checked chain, in order.
    pub fn apply(&mut self, record: &Record) {
        self.head.clone_from(&record.hash);
        match &record.event {
            Event::Opened { design } => self.design.clone_from(design),
            Event::Joined { rater, token, .. } => {
                self.raters.push(Rater::default());
                self.tokens.insert(token.clone(), *rater);
            }
            Event::Consented { rater, .. } => self.raters[*rater].consented = true,
            Event::Practised { rater, .. } => self.raters[*rater].practised = true,
            Event::Assigned { ballot, rater, shown, swapped, ticket, pictures } => {
                let (_, prompt) = self.pair(*shown);
                if let Shown::Item(item) = shown {
                    self.items[*item].out += 1;
                    self.items[*item].balance += if *swapped { 1 } else { -1 };
                }
                self.raters[*rater].seen.insert(prompt);
                self.raters[*rater].ballots.push(*ballot);
                self.raters[*rater].current = Some(*ballot);
                self.tickets.insert(ticket.clone(), *ballot);
                self.out.insert((record.at, *ballot));
                self.ballots.push(Ballot {
                    rater: *rater,
                    shown: *shown,
                    swapped: *swapped,
                    ticket: ticket.clone(),
                    pictures: pictures.clone(),
                    at: record.at,
                    answered_at: None,
                    answers: None,
                    revision: 0,
                    returned: false,
                    receipt: String::new(),
                });
            }
            Event::Returned { ballot } => {
                // Unanswered, its prompt may come again.
                let (_, prompt) = self.pair(self.ballots[*ballot].shown);
                let returned = &mut self.ballots[*ballot];
                returned.returned = true;
                self.out.remove(&(returned.at, *ballot));
                let rater = &mut self.raters[returned.rater];
                rater.seen.remove(&prompt);
                if rater.current == Some(*ballot) {
                    rater.current = None;
                }
                if let Shown::Item(item) = returned.shown {
                    self.items[item].out -= 1;
                    self.items[item].balance -= if returned.swapped { 1 } else { -1 };
                }
            }
            Event::Voted { ballot, answers, .. } => self.vote(*ballot, answers, record),
            Event::Undone { ballot } => {
                let undone = &mut self.ballots[*ballot];
                undone.answers = None;
                undone.answered_at = None;
                undone.revision += 1;
                // Its lease begins anew.
                undone.at = record.at;
                self.out.insert((record.at, *ballot));
                self.raters[undone.rater].current = Some(*ballot);
                if let Shown::Item(item) = undone.shown {
                    self.items[item].answered -= 1;
                    self.items[item].out += 1;
                }
            }
            Event::Closed => self.closed = true,
        }
    }

    fn vote(&mut self, index: usize, answers: &[Choice], record: &Record) {
        let (_, prompt) = self.pair(self.ballots[index].shown);
        let ballot = &mut self.ballots[index];
        ballot.answers = Some(answers.to_vec());
        ballot.answered_at = Some(record.at);
        ballot.receipt.clone_from(&record.hash);
        self.out.remove(&(ballot.at, index));
        let rater = &mut self.raters[ballot.rater];
        rater.seen.insert(prompt);
        if rater.current == Some(index) {
            rater.current = None;
        }
        if let Shown::Item(item) = ballot.shown {
            let tally = &mut self.items[item];
            tally.answered += 1;
            // An answer that comes after the pair was given to somebody else is kept all the same.
            if ballot.returned {
                tally.balance += if ballot.swapped { 1 } else { -1 };
            } else {
                tally.out -= 1;
            }
        }
        ballot.returned = false;
    }
}
