use super::*;

fn brightness(picture: &[u8]) -> f64 {
    picture.iter().map(|&p| f64::from(p)).sum::<f64>() / (255.0 * PIXELS as f64)
}

#[test]
fn a_picture_depends_on_its_index_and_the_seed_alone() {
    let many = draw(100, 7).unwrap();
    let few = draw(10, 7).unwrap();
    assert_eq!(few.pixels(), &many.pixels()[..10 * PIXELS]);
    assert_eq!(few.labels(), &many.labels()[..10]);
    let one = draw_from(57, 1, 7).unwrap();
    assert_eq!(one.picture(0), many.picture(57));
    assert_eq!(draw(100, 7).unwrap().pixels(), many.pixels());
}

#[test]
fn another_seed_or_index_gives_another_picture() {
    let (a, b) = (draw(200, 1).unwrap(), draw(200, 2).unwrap());
    let mut seen: Vec<&[u8]> = a.pixels().chunks(PIXELS).chain(b.pixels().chunks(PIXELS)).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 400);
    assert_ne!(a.labels(), b.labels());
}

#[test]
fn the_data_set_has_the_size_of_mnist_and_its_parts_share_no_draw() {
    let source = load(3);
    assert_eq!(source.name, "glyphs");
    for (part, count) in [(&source.train, 60_000), (&source.test, 10_000)] {
        assert_eq!((part.len(), part.shape(), part.classes()), (count, [1, 28, 28], 10));
    }
    let start = draw(100, 3).unwrap();
    assert_eq!(start.pixels(), &source.train.pixels()[..100 * PIXELS]);
    let mut train: Vec<&[u8]> = source.train.pixels().chunks(PIXELS).collect();
    train.sort();
    assert!(source.test.pixels().chunks(PIXELS).all(|picture| train.binary_search(&picture).is_err()));
}

#[test]
fn no_pictures_at_all_are_refused() {
    let message = draw(0, 1).unwrap_err().to_string();
    assert!(message.contains("there are no pictures"), "{message}");
}

#[test]
fn every_class_comes_up_equally_often() {
    let mut counts = [0_i32; CLASSES];
    for &label in draw(10_000, 4).unwrap().labels() {
        counts[label as usize] += 1;
    }
    // Binomial, 10,000 draws of probability 0.1: the standard deviation is 30.
    assert!(counts.iter().all(|&n| (n - 1000).abs() < 5 * 30), "{counts:?}");
}

#[test]
fn pictures_are_dark_with_a_bright_stroke() {
    let samples = draw(5000, 5).unwrap();
    for i in 0..samples.len() {
        let (picture, label) = samples.picture(i);
        // The thinnest stroke is a pixel wide and, for the shortest digit, some 10 pixels long, at 0.7 ink or more;
        // the thickest is 4 pixels wide and some 70 long.
        let ink = brightness(picture);
        assert!((0.009..0.36).contains(&ink), "picture {i}, a {label}: {ink}");
        assert!(picture.iter().any(|&p| p > 120), "picture {i}, a {label}, is faint");
    }
}

#[test]
fn the_digit_is_in_the_middle_and_leaves_the_corners_free() {
    let samples = draw(2000, 6).unwrap();
    let mut mean = [0.0; PIXELS];
    for i in 0..samples.len() {
        mean.iter_mut().zip(samples.picture(i).0).for_each(|(m, &p)| *m += f64::from(p) / 255.0 / 2000.0);
    }
    let total: f64 = mean.iter().sum();
    let centre = |along: fn(usize) -> usize| (0..PIXELS).map(|i| along(i) as f64 * mean[i]).sum::<f64>() / total;
    for middle in [centre(|i| i % SIDE), centre(|i| i / SIDE)] {
        assert!((middle - 13.5).abs() < 1.0, "{middle}");
    }
    for corner in [0, SIDE - 1, PIXELS - SIDE, PIXELS - 1] {
        assert!(mean[corner] < 0.02, "{}", mean[corner]);
    }
}

/// The simplest classifier there is: the class whose mean picture is nearest.
#[test]
fn nearest_mean_does_far_better_than_chance_and_far_from_perfectly() {
    let (train, test) = (draw(5000, 8).unwrap(), draw(2000, 9).unwrap());
    let mut means = vec![[0.0; PIXELS]; CLASSES];
    let mut counts = [0.0; CLASSES];
    for i in 0..train.len() {
        let (picture, label) = train.picture(i);
        counts[label as usize] += 1.0;
        means[label as usize].iter_mut().zip(picture).for_each(|(m, &p)| *m += f64::from(p));
    }
    for (mean, count) in means.iter_mut().zip(counts) {
        mean.iter_mut().for_each(|m| *m /= count);
    }
    let wrong = (0..test.len()).filter(|&i| {
        let (picture, label) = test.picture(i);
        let away = |class: usize| -> f64 {
            means[class].iter().zip(picture).map(|(m, &p)| (m - f64::from(p)) * (m - f64::from(p))).sum()
        };
        let guess = (0..CLASSES).min_by(|&a, &b| away(a).total_cmp(&away(b)));
        guess != Some(label as usize)
    });
    let error = wrong.count() as f64 / test.len() as f64;
    assert!((0.15..0.5).contains(&error), "{error}"); // chance: 0.9
}
