//! From ballots to the statistics' votes.

use gentron_reports::preference::{Arm, Input, Outcome, Prompt, Question, Vote};

use super::event::{Choice, Shown};
use super::flags::Flagged;
use super::state::State;

/// All answered pairs that are not gold, as the statistics read them.
pub fn input(state: &State, flagged: &[Flagged]) -> Input {
    let study = &state.study;
    let mut questions: Vec<Question> = study
        .questions
        .iter()
        .map(|question| Question { id: question.id.clone(), text: question.text.clone(), votes: Vec::new() })
        .collect();
    for ballot in &state.ballots {
        let (Shown::Item(index), Some(answers)) = (ballot.shown, &ballot.answers) else { continue };
        let item = study.items[index];
        let [left, right] = if ballot.swapped { [item.arms[1], item.arms[0]] } else { item.arms };
        for (question, answer) in questions.iter_mut().zip(answers) {
            let outcome = match answer {
                Choice::Left => Outcome::Left,
                Choice::Tie => Outcome::Tie,
                Choice::Right => Outcome::Right,
            };
            question.votes.push(Vote { prompt: item.prompt, rater: ballot.rater, left, right, outcome });
        }
    }
    let prompt = |prompt: &super::design::StudyPrompt| Prompt {
        id: prompt.id.clone(),
        suite: prompt.suite.clone(),
        category: prompt.category.clone(),
        text: prompt.text.clone(),
    };
    Input {
        title: study.title.clone(),
        simulated: study.simulated,
        closed: state.closed,
        design: state.design.clone(),
        head: state.head.clone(),
        arms: study.arms.iter().map(|arm| Arm { id: arm.id.clone(), label: arm.label.clone() }).collect(),
        prompts: study.prompts.iter().map(prompt).collect(),
        questions,
        flagged: flagged.iter().map(|flagged| flagged.rater).collect(),
        seed: study.seed,
    }
}
