//! Every word that a rater reads, in one place, for whoever translates it.

/// Words of one language.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// BCP 47 tag of the language.
    pub language: &'static str,
    /// Version of the consent text, recorded with every consent.
    pub consent_version: &'static str,
    /// First question.
    pub quality: &'static str,
    /// Second question.
    pub alignment: &'static str,
    /// The left picture.
    pub left: &'static str,
    /// Neither.
    pub tie: &'static str,
    /// The right picture.
    pub right: &'static str,
    /// Button that saves.
    pub save: &'static str,
    /// Button that takes back.
    pub undo: &'static str,
    /// Heading above the prompt.
    pub asked: &'static str,
    /// Instructions, a paragraph each.
    pub instructions: &'static [&'static str],
    /// What one agrees to, a point each.
    pub consent: &'static [&'static str],
    /// Box to tick.
    pub agree: &'static str,
    /// Button that begins.
    pub begin: &'static str,
    /// Where no invitation is at hand.
    pub by_invitation: &'static str,
    /// Above the practice pair.
    pub practice: &'static str,
    /// After practice, as expected.
    pub practice_right: &'static str,
    /// After practice, otherwise.
    pub practice_wrong: &'static str,
    /// Link to the first pair.
    pub go_on: &'static str,
    /// Heading at the end.
    pub thanks: &'static str,
    /// All done.
    pub enough: &'static str,
    /// Nothing left for this rater.
    pub nothing_left: &'static str,
    /// The study has ended.
    pub closed: &'static str,
    /// How to come back.
    pub come_back: &'static str,
    /// Before the digest that proves the last answer's place in the chain.
    pub receipt: &'static str,
    /// Says which keys there are.
    pub keys: &'static str,
    /// Before the number of answers that are on the disk.
    pub saved: &'static str,
    /// Opens a picture in its full size.
    pub zoom: &'static str,
    /// Lays the pictures over each other.
    pub flip: &'static str,
    /// Shows the other one of two that lie over each other.
    pub flip_other: &'static str,
    /// Puts them side by side again.
    pub flip_off: &'static str,
    /// Not saved.
    pub not_saved: &'static str,
    /// Button to try again.
    pub try_again: &'static str,
    /// A program votes here.
    pub simulated: &'static str,
}

/// English.
pub const ENGLISH: Words = Words {
    language: "en",
    consent_version: "en-1",
    quality: "Which picture looks better?",
    alignment: "Which picture follows the text better?",
    left: "Left",
    tie: "No difference",
    right: "Right",
    save: "Save and go on",
    undo: "Take back my last answer",
    asked: "The text that was to be drawn",
    instructions: &[
        "You will see two pictures side by side that were made for the same text. Please answer two questions about them: which looks better, and which follows the text better.",
        "There are no right answers: what counts is what you see. If you see no difference, say so. Look at both pictures before you answer; click or hold one to see it large.",
    ],
    consent: &[
        "Taking part is voluntary. You can stop at any time by closing the page, and go on later with your personal link.",
        "Your answers are stored with the time and a random number. No name, no address and no IP address is stored.",
        "Answers are evaluated statistically, and may be published in this form.",
    ],
    agree: "I have read this and want to take part",
    begin: "Begin",
    by_invitation: "This study is by invitation: please use the link that was sent to you.",
    practice: "Practice. This pair does not count.",
    practice_right: "That is how it works: the left picture shows what the text says.",
    practice_wrong: "The left picture shows what the text says, the right one something else, so “Left” was to be expected in the second question.",
    go_on: "Go on to the pictures",
    thanks: "Thank you!",
    enough: "You have answered all of your pairs.",
    nothing_left: "There is no pair left for you right now. You can come back later with your personal link.",
    closed: "The study has ended.",
    come_back: "Your personal link, to pause and go on",
    receipt: "Receipt of your last answer",
    keys: "Keys: 1 2 3 answer the first question, 4 5 6 the second; Enter saves, F lays the pictures over each other, U takes back.",
    saved: "saved:",
    zoom: "see it large",
    flip: "Lay them over each other",
    flip_other: "Show the right one in its place",
    flip_off: "Side by side again",
    not_saved: "Your answer is not saved yet. It is still here: please try again.",
    try_again: "Try again",
    simulated: "Simulated study: a program votes here, no people.",
};
