//! Connected pieces of ink: which of them are the digit, and which are specks, a table's edge or something else.

use super::plane::Plane;

/// Pixels that hang together, corners included.
#[derive(Clone, Debug)]
pub struct Piece {
    pub area: usize,
    /// Sum of contrast.
    pub mass: f32,
    /// First and last column and row.
    pub left: usize,
    pub right: usize,
    pub top: usize,
    pub bottom: usize,
    /// Pixels on the picture's left, right, upper and lower edge.
    pub on_edge: [usize; 4],
}

impl Piece {
    pub fn width(&self) -> usize {
        self.right - self.left + 1
    }

    pub fn height(&self) -> usize {
        self.bottom - self.top + 1
    }

    pub fn length(&self) -> usize {
        self.width().max(self.height())
    }

    /// How much it looks like what the picture is of: much ink that reaches far.
    fn weight(&self) -> f32 {
        self.mass * self.length() as f32
    }

    fn at_edge(&self) -> bool {
        self.on_edge.iter().any(|&pixels| pixels > 0)
    }

    /// Whether it lies along an edge, or runs from one to the opposite one: a table beside the page, a shadow.
    pub fn spans(&self, plane: &Plane) -> bool {
        let [left, right, top, bottom] = self.on_edge;
        let along = |pixels: usize, side: usize| pixels * 3 > side;
        (left > 0 && right > 0)
            || (top > 0 && bottom > 0)
            || along(left.max(right), plane.height)
            || along(top.max(bottom), plane.width)
    }

    /// Pixels between the two boxes that hold the pieces.
    fn gap(&self, other: &Self) -> usize {
        let between = |a: (usize, usize), b: (usize, usize)| b.0.saturating_sub(a.1).max(a.0.saturating_sub(b.1));
        let across = between((self.left, self.right), (other.left, other.right));
        across.max(between((self.top, self.bottom), (other.top, other.bottom)))
    }

    /// Whether the two stand beside each other as two digits do.
    fn beside(&self, other: &Self) -> bool {
        let apart = self.right < other.left || other.right < self.left;
        let (low, high) = (self.height().min(other.height()), self.height().max(other.height()));
        let overlap = self.bottom.min(other.bottom).saturating_sub(self.top.max(other.top));
        let width = self.right.max(other.right) - self.left.min(other.left);
        apart && low * 5 >= high * 3 && overlap * 2 >= low && width * 10 > high * 11
    }
}

/// Every pixel's piece, counted from 1, and the pieces.
pub struct Pieces {
    pub labels: Vec<u32>,
    pub pieces: Vec<Piece>,
}

/// The pieces of what is at least `threshold`.
pub fn pieces(contrast: &Plane, threshold: f32) -> Pieces {
    let (width, height) = (contrast.width, contrast.height);
    let mut labels = vec![0u32; width * height];
    let mut pieces = Vec::new();
    let mut open = Vec::new();
    for start in 0..labels.len() {
        if labels[start] != 0 || contrast.values[start] < threshold {
            continue;
        }
        let label = pieces.len() as u32 + 1;
        let (x, y) = (start % width, start / width);
        let mut piece = Piece { area: 0, mass: 0.0, left: x, right: x, top: y, bottom: y, on_edge: [0; 4] };
        labels[start] = label;
        open.push(start);
        while let Some(i) = open.pop() {
            let (x, y) = (i % width, i / width);
            piece.area += 1;
            piece.mass += contrast.values[i];
            (piece.left, piece.right) = (piece.left.min(x), piece.right.max(x));
            (piece.top, piece.bottom) = (piece.top.min(y), piece.bottom.max(y));
            for (edge, on) in piece.on_edge.iter_mut().zip([x == 0, x + 1 == width, y == 0, y + 1 == height]) {
                *edge += usize::from(on);
            }
            for y in y.saturating_sub(1)..(y + 2).min(height) {
                for x in x.saturating_sub(1)..(x + 2).min(width) {
                    let near = y * width + x;
                    if labels[near] == 0 && contrast.values[near] >= threshold {
                        labels[near] = label;
                        open.push(near);
                    }
                }
            }
        }
        pieces.push(piece);
    }
    Pieces { labels, pieces }
}

/// What of the pieces is the digit.
pub struct Choice {
    /// Labels of the pieces that are the digit, the main one first.
    pub kept: Vec<u32>,
    /// Small pieces that are left out.
    pub specks: usize,
    /// Pieces at the picture's edge that are left out.
    pub at_edge: usize,
    /// Other pieces that are left out.
    pub others: usize,
    /// How many of the others are about as large as the digit.
    pub rivals: usize,
    /// The digit's share of all ink that is not at the edge.
    pub share: f32,
}

/// Smaller pieces are noise, not worth a word.
const GRAIN: usize = 4;

/// Chooses the main piece and what belongs to it; none where there are no pieces.
pub fn choose(all: &Pieces, plane: &Plane) -> Option<Choice> {
    let pieces = &all.pieces;
    let heaviest = |fits: &dyn Fn(&Piece) -> bool| {
        let fitting = (0..pieces.len()).filter(|&i| pieces[i].area >= GRAIN && fits(&pieces[i]));
        fitting.max_by(|&a, &b| pieces[a].weight().total_cmp(&pieces[b].weight()))
    };
    let inside = heaviest(&|piece| !piece.at_edge());
    let touching = heaviest(&|piece| piece.at_edge() && !piece.spans(plane));
    let spanning = heaviest(&|piece| piece.spans(plane));
    // What touches the edge is the digit only where what lies inside is next to nothing beside it.
    let or = |first: Option<usize>, second: Option<usize>, least: f32| match (first, second) {
        (Some(a), Some(b)) if pieces[a].weight() < least * pieces[b].weight() => Some(b),
        (first, second) => first.or(second),
    };
    let main = or(or(inside, touching, 0.15), spanning, 0.002)?;
    let kept = belonging(pieces, main);

    let (mut specks, mut at_edge, mut others, mut rivals) = (0, 0, 0, 0);
    let digit: f32 = kept.iter().map(|&i| pieces[i].mass).sum();
    let length = pieces[main].length();
    let mut left_out = 0.0;
    for (i, piece) in pieces.iter().enumerate() {
        if kept.contains(&i) || piece.area < GRAIN {
            continue;
        }
        if piece.at_edge() {
            at_edge += 1;
            continue;
        }
        left_out += piece.mass;
        if piece.length() * 4 < length {
            specks += 1;
        } else {
            others += 1;
            rivals += usize::from(piece.mass * 4.0 >= digit && piece.length() * 2 >= length);
        }
    }
    let kept = kept.iter().map(|&i| i as u32 + 1).collect();
    Some(Choice { kept, specks, at_edge, others, rivals, share: digit / (digit + left_out) })
}

/// The main piece and those near it that are no specks: the bar of a 5 that does not touch, a stroke with a gap.
fn belonging(pieces: &[Piece], main: usize) -> Vec<usize> {
    let length = pieces[main].length();
    let mut kept = vec![main];
    let mut next = 0;
    while let Some(&member) = kept.get(next) {
        next += 1;
        for (i, piece) in pieces.iter().enumerate() {
            let gap = pieces[member].gap(piece);
            let sizeable = piece.length() * 5 >= length && gap * 5 <= length;
            let touching = piece.length() * 12 >= length && gap * 25 <= length;
            let rival = pieces[main].beside(piece);
            if !kept.contains(&i) && (sizeable || touching) && !rival {
                kept.push(i);
            }
        }
    }
    kept
}
