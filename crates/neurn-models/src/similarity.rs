//! How alike two networks are built.

use std::mem::discriminant;

use crate::Operation;

/// The same kind of operation, with the same kernel, stride and groups where it
/// has any.
const SAME: f64 = 1.0;

/// The same kind of operation with another kernel, stride or groups.
const KIND: f64 = 0.0;

/// Another kind of operation.
const OTHER: f64 = -1.0;

/// An operation that only one of the networks has.
const GAP: f64 = -1.0;

/// How alike two networks are built: the best score of an alignment of their
/// operations, over the number of operations of the longer one.
///
/// It is 1 for a network and itself, and at least -1. The algorithm is that of
/// Needleman and Wunsch (1970), which [arXiv
/// 2505.06881](https://arxiv.org/abs/2505.06881) uses to choose backbones. The paper
/// does not say what a pair scores, so these numbers are ours: 1 for the same kind
/// of operation with the same kernel, stride and groups; 0 for the same kind with
/// others; -1 for another kind; -1 for an operation that stands alone. How many
/// channels an operation has does not count.
pub fn similarity(a: &[Operation], b: &[Operation]) -> f64 {
    let longer = a.len().max(b.len());
    if longer == 0 {
        return SAME;
    }
    // The scores of the first operations of `a`, which grow by one in each round,
    // with the first of `b`.
    let mut scores: Vec<f64> = (0..=b.len()).map(|gaps| GAP * gaps as f64).collect();
    for (row, a) in a.iter().enumerate() {
        let mut diagonal = scores[0];
        scores[0] = GAP * (row + 1) as f64;
        for (column, b) in b.iter().enumerate() {
            let both = diagonal + pair(a, b);
            diagonal = scores[column + 1];
            scores[column + 1] = both.max(diagonal + GAP).max(scores[column] + GAP);
        }
    }
    scores[b.len()] / longer as f64
}

fn pair(a: &Operation, b: &Operation) -> f64 {
    if discriminant(a) != discriminant(b) {
        return OTHER;
    }
    match form(a) == form(b) {
        true => SAME,
        false => KIND,
    }
}

/// What two operations of a kind are told apart by.
fn form(operation: &Operation) -> Option<([usize; 2], [usize; 2], bool)> {
    match *operation {
        Operation::Convolution {
            kernel,
            stride,
            groups,
            ..
        } => Some((kernel, stride, groups > 1)),
        Operation::MaxPool { kernel, stride } | Operation::AveragePool { kernel, stride } => {
            Some((kernel, stride, false))
        }
        Operation::Activation(function) => Some(([function as usize; 2], [0; 2], false)),
        _ => None,
    }
}

/// Two groups of a tree, by their numbers, and how far apart they are. The groups
/// of single things come first, `0..n`; the k-th merge makes group `n + k`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Merge {
    /// One of the groups.
    pub a: usize,
    /// The other one.
    pub b: usize,
    /// The mean distance of the things in one to those in the other.
    pub distance: f64,
}

/// The tree of things at these distances: again and again the two nearest groups
/// become one (average linkage, UPGMA).
///
/// # Panics
///
/// If a row has another length than there are rows.
pub fn tree(distances: &[Vec<f64>]) -> Vec<Merge> {
    let count = distances.len();
    assert!(
        distances.iter().all(|row| row.len() == count),
        "distances must be a square"
    );
    let mut groups: Vec<(usize, Vec<usize>)> = (0..count).map(|one| (one, vec![one])).collect();
    let mut merges = Vec::new();
    while groups.len() > 1 {
        let pairs = (0..groups.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
        let nearest = pairs
            .map(|(a, b)| (mean(distances, &groups[a].1, &groups[b].1), a, b))
            .min_by(|x, y| x.0.total_cmp(&y.0));
        let Some((distance, a, b)) = nearest else {
            break;
        };
        let (second, things) = groups.remove(b);
        let first = groups[a].0;
        groups[a].1.extend(things);
        groups[a].0 = count + merges.len();
        merges.push(Merge {
            a: first,
            b: second,
            distance,
        });
    }
    merges
}

fn mean(distances: &[Vec<f64>], a: &[usize], b: &[usize]) -> f64 {
    let pairs = a
        .iter()
        .flat_map(|&x| b.iter().map(move |&y| distances[x][y]));
    pairs.sum::<f64>() / (a.len() * b.len()) as f64
}

/// The things under each of the `count` groups that are left when the last merges
/// of a tree of `things` are undone.
pub fn groups(merges: &[Merge], things: usize, count: usize) -> Vec<Vec<usize>> {
    let mut groups: Vec<Option<Vec<usize>>> = (0..things).map(|one| Some(vec![one])).collect();
    for merge in &merges[..things.saturating_sub(count.max(1))] {
        let mut both = groups[merge.a].take().unwrap_or_default();
        both.extend(groups[merge.b].take().unwrap_or_default());
        groups.push(Some(both));
    }
    groups.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::Activation;

    fn convolution(kernel: usize, channels: usize) -> Operation {
        Operation::Convolution {
            kernel: [kernel; 2],
            stride: [1, 1],
            groups: 1,
            channels: [channels; 2],
            size: [8, 8],
        }
    }

    const RELU: Operation = Operation::Activation(Activation::Relu);

    #[test]
    fn a_network_is_itself_whatever_its_width() {
        let network = |channels| [convolution(3, channels), RELU, convolution(1, channels)];
        assert_eq!(similarity(&network(8), &network(16)), 1.0);
        assert_eq!(similarity(&[], &[]), 1.0);
    }

    #[test]
    fn scores_by_hand() {
        let three = [convolution(3, 8), RELU, convolution(3, 8)];
        // Two of three, and a gap.
        assert_eq!(similarity(&three, &three[..2]), 1.0 / 3.0);
        // The same kind with another kernel in the middle of nothing.
        assert_eq!(similarity(&[convolution(3, 8)], &[convolution(5, 8)]), 0.0);
        assert_eq!(similarity(&[RELU], &[convolution(5, 8)]), -1.0);
        assert_eq!(similarity(&three, &[]), -1.0);
        // GATTACA and GCATGCU, whose best alignment is known to score 0.
        let letters = |word: &str| -> Vec<Operation> { word.bytes().map(letter_of).collect() };
        let score = similarity(&letters("GATTACA"), &letters("GCATGCU"));
        assert_eq!(score, 0.0);
    }

    /// Kinds of operations that score -1 with each other.
    fn letter_of(letter: u8) -> Operation {
        match letter {
            b'G' => Operation::Add,
            b'A' => Operation::Scale,
            b'T' => Operation::Concatenate,
            b'C' => Operation::BatchNorm,
            _ => Operation::LayerNorm,
        }
    }

    #[test]
    fn it_does_not_matter_which_comes_first() {
        let a = [convolution(3, 8), RELU, convolution(5, 8), Operation::Add];
        let b = [RELU, convolution(5, 8), RELU];
        assert_eq!(similarity(&a, &b), similarity(&b, &a));
    }

    #[test]
    fn the_tree_of_points_on_a_line() {
        let points = [0.0_f64, 1.0, 5.0, 7.0];
        let row = |x: &f64| points.iter().map(|y| (x - y).abs()).collect();
        let distances: Vec<Vec<f64>> = points.iter().map(row).collect();
        let merges = tree(&distances);
        let merge = |a, b, distance| Merge { a, b, distance };
        // (5 + 7 + 4 + 6) / 4 between the pairs
        assert_eq!(
            merges,
            [merge(0, 1, 1.0), merge(2, 3, 2.0), merge(4, 5, 5.5)]
        );
        assert_eq!(groups(&merges, 4, 2), [vec![0, 1], vec![2, 3]]);
        assert_eq!(groups(&merges, 4, 3), [vec![2], vec![3], vec![0, 1]]);
        assert_eq!(groups(&merges, 4, 9).len(), 4);
    }
}
