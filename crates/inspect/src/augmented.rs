//! What augmentation makes of training pictures: each operation alone, and the whole list as training sees it.

use crate::error::Error;
use crate::host::values;
use std::collections::BTreeMap;
use tch::Device;
use tensor_data::augment::{Operation, check_list};
use tensor_data::{Order, Samples, Split, Storage, Tail};
use viz::{Columns, FloatImage, GridOptions, Picture, Scaling, Section, TileOptions, Zoom, sections};

/// Pictures are drawn at least this wide or high, pixels.
const SIDE: usize = 112;

/// A figure, and the operations that are not in it, each with the reason.
#[derive(Debug)]
pub struct Augmented {
    /// Rows of pictures: as they are, after each operation, after all of the list in epochs 1, 2 and so on.
    pub figure: Picture,
    /// What such pictures do not take.
    pub left_out: Vec<String>,
}

/// Draws `count` pictures of the classes in turn. Without a list each operation is drawn with its defaults. Chance comes from the
/// seed as in training, for a split of these pictures alone.
///
/// # Errors
/// [`Error::Data`] for a list that such pictures do not take; those of drawing.
pub fn augmented(
    samples: &Samples,
    list: &[Operation],
    count: usize,
    seed: u64,
    epochs: u64,
) -> Result<Augmented, Error> {
    let chosen = samples.select(&in_turn(samples.labels(), count))?;
    let split = Split::upload(&chosen, 1.0, Storage::U8, Device::Cpu)?;
    let (each, left_out) = if list.is_empty() { defaults(&split) } else { (list.to_vec(), Vec::new()) };
    check_list(list, split.shape(), split.len())?;
    let mut rows = vec![Section { name: "pictures".to_owned(), images: images(&split, &[], seed, 1)? }];
    for operation in &each {
        rows.push(Section { name: described(operation), images: images(&split, &[*operation], seed, 1)? });
    }
    if list.len() > 1 {
        for epoch in 1..=epochs {
            let name = format!("all of them, epoch {epoch}");
            rows.push(Section { name, images: images(&split, list, seed, epoch)? });
        }
    }
    let grid = GridOptions { columns: Columns::Exactly(count), ..GridOptions::default() };
    let options = TileOptions { scaling: Scaling::BYTES, zoom: Zoom::AtLeast(SIDE), grid, ..TileOptions::default() };
    Ok(Augmented { figure: sections(&rows, &options)?, left_out })
}

/// Every operation that such pictures take, and why the others are not among them.
fn defaults(split: &Split) -> (Vec<Operation>, Vec<String>) {
    let (mut taken, mut left_out) = (Vec::new(), Vec::new());
    for operation in Operation::all() {
        match check_list(&[operation], split.shape(), split.len()) {
            Ok(()) => taken.push(operation),
            Err(error) => left_out.push(error.to_string()),
        }
    }
    (taken, left_out)
}

/// Places of `count` pictures: the first of each class, the second of each, and so on.
fn in_turn(labels: &[u32], count: usize) -> Vec<usize> {
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    let rank = |&label: &u32| {
        let rank = seen.entry(label).or_insert(0);
        *rank += 1;
        *rank
    };
    let ranks: Vec<usize> = labels.iter().map(rank).collect();
    let mut places: Vec<usize> = (0..labels.len()).collect();
    places.sort_by_key(|&place| (ranks[place], labels[place]));
    places.truncate(count);
    places
}

/// The pictures after a list of operations, 0 to 255.
fn images(split: &Split, list: &[Operation], seed: u64, epoch: u64) -> Result<Vec<FloatImage>, Error> {
    let mut batches = split.batches(split.len(), Order::Stored, Tail::Keep)?.augmented(list, seed, epoch)?;
    let Some(batch) = batches.next() else { return Ok(Vec::new()) };
    let shape = split.shape().map(|size| size as usize);
    let numbers = values(&batch.images)?;
    let one = |picture: &[f32]| FloatImage::new(shape, picture.to_vec());
    Ok(numbers.chunks_exact(shape.iter().product()).map(one).collect::<Result<_, viz::Error>>()?)
}

/// `rotate: degrees = 15.0, probability = 0.5`.
fn described(operation: &Operation) -> String {
    let table = toml::Table::try_from(operation).unwrap_or_default();
    let options = table.iter().filter(|(key, _)| *key != "kind").map(|(key, value)| format!("{key} = {value}"));
    let options = options.collect::<Vec<_>>().join(", ");
    if options.is_empty() { operation.kind().to_owned() } else { format!("{}: {options}", operation.kind()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor_data::augment::{Direction, Flip};

    #[test]
    fn classes_come_in_turn() {
        assert_eq!(in_turn(&[0, 0, 0, 1, 2, 1], 4), [0, 3, 4, 1]);
        assert_eq!(in_turn(&[1, 1], 5), [0, 1]);
    }

    #[test]
    fn a_figure_has_a_row_for_each_operation_and_for_each_epoch_of_all() {
        let pixels: Vec<u8> = (0..4 * 3 * 256).map(|i| (i * 5 % 256) as u8).collect();
        let samples = Samples::new([3, 16, 16], 2, pixels, vec![0, 1, 0, 1]).unwrap();
        let flip = Operation::Flip(Flip { direction: Direction::Vertical, ..Flip::default() });
        let one = augmented(&samples, &[flip], 3, 0, 2).unwrap();
        let two = augmented(&samples, &[flip, Operation::all()[3]], 3, 0, 2).unwrap();
        let rows = |it: &Augmented| it.figure.height() as f64 / one.figure.height() as f64 * 2.0;
        assert!((rows(&two) - 5.0).abs() < 0.2, "{}", rows(&two));
        let all = augmented(&samples, &[], 3, 0, 2).unwrap();
        assert!(all.left_out.is_empty() && (rows(&all) - 13.0).abs() < 0.4, "{} {:?}", rows(&all), all.left_out);
        assert!(
            described(&flip).starts_with("flip: ") && described(&flip).contains("direction = \"vertical\""),
            "{}",
            described(&flip)
        );
    }

    #[test]
    fn what_such_pictures_do_not_take_is_told() {
        let samples = Samples::new([1, 4, 4], 1, vec![7; 64], vec![0; 4]).unwrap();
        let none = augmented(&samples, &[], 4, 0, 1).unwrap();
        assert!(
            none.left_out.iter().any(|it| it.contains("a picture moved so far would be gone")),
            "{:?}",
            none.left_out
        );
        let mix = [Operation::all()[10], Operation::all()[11]];
        assert!(augmented(&samples, &mix, 4, 0, 1).is_err(), "two that mix classes");
    }
}
