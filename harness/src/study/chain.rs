//! The hash chain: nothing can be changed, left out or put in between without its showing.

use super::event::{Event, Record};

/// What is wrong with a chain, if anything.
pub fn fault(records: &[Record], design: &str) -> Option<String> {
    match records.first().map(|record| &record.event) {
        Some(Event::Opened { design: opened }) if opened == design => {}
        Some(Event::Opened { .. }) => {
            return Some("study.json is not the design that the study was opened with".into());
        }
        _ => return Some("the chain does not begin with the study's opening".into()),
    }
    broken(records, 0, "")
}

/// What is wrong with records that are to follow a chain whose next number is `from` and whose last hash is `previous`.
pub fn broken<'a>(records: &'a [Record], from: u64, mut previous: &'a str) -> Option<String> {
    for (index, record) in (from..).zip(records) {
        if record.seq != index {
            return Some(format!("record {index} is missing"));
        }
        if record.previous != previous {
            return Some(format!("record {index} does not follow the one before it"));
        }
        if !record.is_whole() {
            return Some(format!("record {index} was altered"));
        }
        previous = &record.hash;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<Record> {
        let events = [
            Event::Opened { design: "d".into() },
            Event::Joined { rater: 0, token: "t".into(), invitation: None },
            Event::Closed,
        ];
        let mut records: Vec<Record> = Vec::new();
        for event in events {
            let previous = records.last().map(|record| record.hash.clone()).unwrap_or_default();
            records.push(Record::new(records.len() as u64, 7, &previous, event));
        }
        records
    }

    #[test]
    fn a_whole_chain_has_no_fault_and_every_tampering_shows() {
        assert_eq!(fault(&three(), "d"), None);
        assert!(fault(&three(), "e").unwrap().contains("design"));
        assert!(fault(&[], "d").is_some());
        let mut altered = three();
        altered[1].at = 8;
        assert!(fault(&altered, "d").unwrap().contains("altered"));
        let mut shorter = three();
        shorter.remove(1);
        assert!(fault(&shorter, "d").unwrap().contains("missing"));
        let mut forged = three();
        forged[1] = Record::new(1, 9, &forged[0].hash, Event::Closed);
        assert!(fault(&forged, "d").unwrap().contains("follow"));
    }
}
