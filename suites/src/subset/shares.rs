//! How many of each cell of a two-way table.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many of each cell, by the cell's two values.
pub(super) type Cells = BTreeMap<[String; 2], usize>;

/// Whole numbers that add up to `count`, in the proportions of `sizes`: each share rounded down, then one more for the
/// largest remainders, of equal ones the first. None exceeds its size as long as `count` is at most their sum.
pub(super) fn largest_remainder(sizes: &[usize], count: usize) -> Vec<usize> {
    let total = sizes.iter().sum::<usize>().max(1);
    let mut shares: Vec<usize> = sizes.iter().map(|size| count * size / total).collect();
    let missing = count - shares.iter().sum::<usize>();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(count * sizes[i] % total), i));
    for &index in order.iter().take(missing) {
        shares[index] += 1;
    }
    shares
}

/// How many of each cell, so that both margins are exact largest-remainder shares wherever the cells have enough
/// members.
pub(super) fn quotas(sizes: &Cells, count: usize) -> Cells {
    let values =
        |side: usize| sizes.keys().map(|cell| cell[side].clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let names: [Vec<String>; 2] = [values(0), values(1)];
    let margins = [0, 1].map(|side| {
        let of = |name: &String| sizes.iter().filter(|(cell, _)| cell[side] == *name).map(|(_, size)| size).sum();
        largest_remainder(&names[side].iter().map(of).collect::<Vec<usize>>(), count)
    });
    let size =
        |row: usize, column: usize| sizes.get(&[names[0][row].clone(), names[1][column].clone()]).copied().unwrap_or(0);
    let capacity: Vec<Vec<usize>> =
        (0..names[0].len()).map(|row| (0..names[1].len()).map(|column| size(row, column)).collect()).collect();
    let taken = fill(&capacity, margins, count);
    let cell = |row: usize, column: usize| ([names[0][row].clone(), names[1][column].clone()], taken[row][column]);
    (0..names[0].len()).flat_map(|row| (0..names[1].len()).map(move |column| cell(row, column))).collect()
}

/// Cells between 0 and `capacity` whose rows and columns add up to the margins: first each cell's share rounded down,
/// then one at a time where most of the share is missing, at last along augmenting paths. Should the capacities forbid
/// it, the rest goes to the largest cells.
fn fill(capacity: &[Vec<usize>], [mut rows, mut columns]: [Vec<usize>; 2], count: usize) -> Vec<Vec<usize>> {
    let total = capacity.iter().flatten().sum::<usize>().max(1);
    let mut taken: Vec<Vec<usize>> = capacity.iter().map(|row| vec![0; row.len()]).collect();
    let mut cells: Vec<(usize, usize)> =
        (0..rows.len()).flat_map(|row| (0..columns.len()).map(move |column| (row, column))).collect();
    let share = |(row, column): (usize, usize)| count * capacity[row][column];
    for &(row, column) in &cells {
        let whole = (share((row, column)) / total).min(rows[row]).min(columns[column]);
        taken[row][column] = whole;
        rows[row] -= whole;
        columns[column] -= whole;
    }
    cells.sort_by_key(|&cell| (std::cmp::Reverse(share(cell) % total), cell));
    for &(row, column) in &cells {
        if rows[row] > 0 && columns[column] > 0 && taken[row][column] < capacity[row][column] {
            taken[row][column] += 1;
            rows[row] -= 1;
            columns[column] -= 1;
        }
    }
    while let Some(row) = rows.iter().position(|&missing| missing > 0) {
        let Some(path) = augmenting_path(capacity, &taken, row, &columns) else { break };
        // Along the path rows and columns alternate: forward one more, backward one less.
        for step in path.windows(2).enumerate() {
            match step {
                (forward, [row, column]) if forward % 2 == 0 => taken[*row][*column] += 1,
                (_, [column, row]) => taken[*row][*column] -= 1,
                _ => {}
            }
        }
        rows[row] -= 1;
        columns[path[path.len() - 1]] -= 1;
    }
    let mut missing: usize = rows.iter().sum();
    for &(row, column) in &cells {
        let more = missing.min(capacity[row][column] - taken[row][column]);
        taken[row][column] += more;
        missing -= more;
    }
    taken
}

/// Row, column, row, ... column: the last has something missing.
fn augmenting_path(
    capacity: &[Vec<usize>],
    taken: &[Vec<usize>],
    start: usize,
    missing: &[usize],
) -> Option<Vec<usize>> {
    let mut by_column: Vec<Option<usize>> = vec![None; missing.len()];
    let mut by_row: Vec<Option<usize>> = vec![None; capacity.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(row) = queue.pop_front() {
        for column in 0..missing.len() {
            if by_column[column].is_some() || taken[row][column] >= capacity[row][column] {
                continue;
            }
            by_column[column] = Some(row);
            if missing[column] > 0 {
                let mut path = vec![column, row];
                while path[path.len() - 1] != start {
                    let column = by_row[path[path.len() - 1]]?;
                    path.extend([column, by_column[column]?]);
                }
                path.reverse();
                return Some(path);
            }
            for next in 0..capacity.len() {
                if next != start && by_row[next].is_none() && taken[next][column] > 0 {
                    by_row[next] = Some(column);
                    queue.push_back(next);
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_the_largest_remainders_are_rounded_up() {
        assert_eq!(largest_remainder(&[50, 30, 20], 10), [5, 3, 2]);
        assert_eq!(largest_remainder(&[1, 1, 1], 2), [1, 1, 0]);
        assert_eq!(largest_remainder(&[416, 338, 246], 10), [4, 3, 3]);
        assert_eq!(largest_remainder(&[3, 0, 7], 10), [3, 0, 7]);
        assert_eq!(largest_remainder(&[], 0), [0; 0]);
    }

    #[test]
    fn both_margins_are_exact_where_greed_alone_would_be_stuck() {
        // The only way to give the second column its share goes through the first row.
        let capacity = [vec![5, 2], vec![5, 0]];
        let taken = fill(&capacity, [vec![2, 2], vec![2, 2]], 4);
        assert_eq!(taken, [vec![0, 2], vec![2, 0]]);
    }

    #[test]
    fn no_cell_gives_more_than_it_has() {
        let taken = fill(&[vec![1, 0], vec![0, 9]], [vec![2, 1], vec![2, 1]], 3);
        assert_eq!(taken.iter().flatten().sum::<usize>(), 3);
        assert!(taken[0][0] <= 1);
    }
}
