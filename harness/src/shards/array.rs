//! Job arrays as Slurm writes them: compact lists of indices, in pieces that the cluster accepts.

/// A piece of a job array: `--array=<indices>` and what is to be added to each index.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Piece {
    /// Compact, as `3,7,12-15`.
    pub indices: String,
    /// Added to the scheduler's index.
    pub offset: u32,
    /// How many indices.
    pub count: usize,
}

/// Sorted indices as arrays whose every index is below `size`, Slurm's `MaxArraySize`.
pub fn pieces(indices: &[u32], size: u32) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = indices;
    while let Some(&first) = rest.first() {
        // Without need no offset: then the index is the worker's own number.
        let offset = if rest.last().is_some_and(|last| *last < size) { 0 } else { first };
        let end = rest.partition_point(|index| index - offset < size);
        let part: Vec<u32> = rest[..end].iter().map(|index| index - offset).collect();
        pieces.push(Piece { indices: compact(&part), offset, count: part.len() });
        rest = &rest[end..];
    }
    pieces
}

fn compact(indices: &[u32]) -> String {
    let runs = indices.chunk_by(|a, b| a + 1 == *b);
    let word = |run: &[u32]| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => String::new(),
    };
    runs.map(word).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(indices: &str, offset: u32, count: usize) -> Piece {
        Piece { indices: indices.into(), offset, count }
    }

    #[test]
    fn indices_are_compact_and_split_where_the_cluster_wants_it() {
        assert_eq!(pieces(&[3, 7, 12, 13, 14, 15], 1001), [piece("3,7,12-15", 0, 6)]);
        assert_eq!(pieces(&[], 1001), []);
        let all: Vec<u32> = (0..256).collect();
        assert_eq!(pieces(&all, 100), [piece("0-99", 0, 100), piece("0-99", 100, 100), piece("0-55", 200, 56)]);
        assert_eq!(pieces(&[3, 103, 107, 255], 100), [piece("0", 3, 1), piece("0,4", 103, 2), piece("0", 255, 1)]);
        assert_eq!(pieces(&[5, 6], 1), [piece("0", 5, 1), piece("0", 6, 1)]);
    }
}
