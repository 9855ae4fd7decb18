//! Samples in memory: what their constructor refuses, how a validation set is parted from them.

use proptest::prelude::*;
use tensor_data::{Difference, Fingerprint, Holdout, Pixels, Samples, Source, hold_out};

/// One-pixel pictures with these labels; the pixel is the picture's index.
fn labelled(labels: &[u32]) -> Samples {
    Samples::new([1, 1, 1], 10, (0..labels.len()).map(|i| i as u8).collect(), labels.to_vec()).unwrap()
}

#[track_caller]
fn check_refused(shape: [usize; 3], classes: usize, pixels: usize, labels: &[u32], says: &str) {
    let message = Samples::new(shape, classes, vec![0; pixels], labels.to_vec()).unwrap_err().to_string();
    assert!(message.contains(says), "`{says}` is not in `{message}`");
}

#[test]
fn pictures_and_labels_that_do_not_fit_together_are_refused() {
    check_refused([1, 2, 2], 10, 0, &[], "there are no pictures");
    check_refused([1, 2, 2], 10, 7, &[1, 2], "2 pictures of 1 x 2 x 2 (channels, height, width) need 8 pixels, and 7");
    check_refused([0, 2, 2], 10, 0, &[1], "0 x 2 x 2");
    check_refused([1, 2, 0], 10, 0, &[1], "1 x 2 x 0");
    check_refused([usize::MAX, 2, 2], 10, 4, &[1], "too many to count");
    check_refused([1, 1, 1], 10, 3, &[9, 0, 10], "label 10 at index 2 is out of range: with 10 classes");
    check_refused([1, 1, 1], 0, 1, &[0], "0 classes");
    check_refused([1, 1, 1], 100_001, 1, &[0], "100001 classes were asked for; there must be between 1 and 100000");
}

#[test]
fn a_picture_comes_with_its_label() {
    let samples = Samples::new([2, 1, 2], 256, (0..8).collect(), vec![255, 0]).unwrap();
    assert_eq!(samples.picture(0), (&[0, 1, 2, 3][..], 255));
    assert_eq!(samples.picture(1), (&[4, 5, 6, 7][..], 0));
}

#[test]
fn selected_pictures_keep_the_order_of_the_selection() {
    let selected = labelled(&[5, 6, 7]).select(&[2, 0, 2]).unwrap();
    assert_eq!((selected.pixels(), selected.labels()), (&[2, 0, 2][..], &[7, 5, 7][..]));
    let message = labelled(&[5, 6, 7]).select(&[0, 3]).unwrap_err().to_string();
    assert_eq!(message, "picture 3 was selected, but there are only 3 (0 to 2)");
    assert!(labelled(&[5]).select(&[]).is_err());
}

#[test]
fn the_last_pictures_are_held_out_in_stored_order() {
    let (train, valid) = hold_out(&labelled(&[0, 1, 2, 3, 4]), Holdout::Last(2)).unwrap();
    assert_eq!((train.pixels(), valid.pixels()), (&[0, 1, 2][..], &[3, 4][..]));
}

#[test]
fn a_hold_out_that_leaves_nothing_on_one_side_is_refused() {
    let all = labelled(&[0, 1, 2]);
    let rules =
        |count| [Holdout::Last(count), Holdout::Random { count, seed: 1 }, Holdout::Stratified { count, seed: 1 }];
    for (count, side) in [(0, "validation"), (3, "training"), (usize::MAX, "training")] {
        for rule in rules(count) {
            let message = hold_out(&all, rule).unwrap_err().to_string();
            assert!(message.contains(&format!("none for {side}")) && message.contains("between 1 and 2"), "{message}");
        }
    }
}

#[test]
fn random_hold_outs_depend_on_the_seed_alone() {
    let all = labelled(&[0; 200]);
    for rule in [|seed| Holdout::Random { count: 50, seed }, |seed| Holdout::Stratified { count: 50, seed }] {
        let valid = |seed| hold_out(&all, rule(seed)).unwrap().1;
        assert_eq!(valid(1), valid(1));
        assert_ne!(valid(1), valid(2));
        assert_ne!(valid(1), hold_out(&all, Holdout::Last(50)).unwrap().1);
    }
}

#[test]
fn every_picture_is_held_out_about_as_often_as_any_other() {
    let all = labelled(&[0; 20]);
    let mut times = [0; 20];
    for seed in 0..1000 {
        for &pixel in hold_out(&all, Holdout::Random { count: 5, seed }).unwrap().1.pixels() {
            times[usize::from(pixel)] += 1;
        }
    }
    // Binomial with mean 250 and standard deviation 13.7; five of them either way.
    assert!(times.iter().all(|n| (181..=319).contains(n)), "{times:?}");
}

#[test]
fn a_stratified_hold_out_shares_by_largest_remainder() {
    // 7 of 20 from classes of 11, 6 and 3: exactly 3.85, 2.1 and 1.05, so 3 + 2 + 1 and one more for the first.
    let labels = [vec![0; 11], vec![4; 6], vec![9; 3]].concat();
    let (train, valid) = hold_out(&labelled(&labels), Holdout::Stratified { count: 7, seed: 3 }).unwrap();
    let counts = |samples: &Samples| [0, 4, 9].map(|class| samples.labels().iter().filter(|&&l| l == class).count());
    assert_eq!(counts(&valid), [4, 2, 1]);
    assert_eq!(counts(&train), [7, 4, 2]);
    // Of equal remainders, the lower label: 1 of 4 from two classes of 2.
    let (_, valid) = hold_out(&labelled(&[1, 0, 1, 0]), Holdout::Stratified { count: 1, seed: 3 }).unwrap();
    assert_eq!(valid.labels(), [0]);
}

proptest! {
    #[test]
    fn every_picture_is_on_exactly_one_side(
        labels in prop::collection::vec(0..10u32, 2..100), part in any::<prop::sample::Index>(), seed in any::<u64>()
    ) {
        let all = labelled(&labels);
        let count = 1 + part.index(labels.len() - 1);
        for rule in [Holdout::Last(count), Holdout::Random { count, seed }, Holdout::Stratified { count, seed }] {
            let (train, valid) = hold_out(&all, rule).unwrap();
            prop_assert_eq!(valid.len(), count);
            prop_assert!(train.pixels().is_sorted() && valid.pixels().is_sorted());
            let mut both = [train.pixels(), valid.pixels()].concat();
            both.sort();
            prop_assert_eq!(both, all.pixels());
            for side in [&train, &valid] {
                prop_assert!((0..side.len()).all(|i| side.labels()[i] == labels[usize::from(side.pixels()[i])]));
            }
        }
    }

    #[test]
    fn stratified_shares_are_within_one_of_the_exact_ones(
        labels in prop::collection::vec(0..4u32, 2..200), part in any::<prop::sample::Index>(), seed in any::<u64>()
    ) {
        let count = 1 + part.index(labels.len() - 1);
        let (_, valid) = hold_out(&labelled(&labels), Holdout::Stratified { count, seed }).unwrap();
        for class in 0..4 {
            let of = |labels: &[u32]| labels.iter().filter(|&&label| label == class).count() as f64;
            let exact = of(&labels) * count as f64 / labels.len() as f64;
            prop_assert!((of(valid.labels()) - exact).abs() < 1.0);
        }
    }
}

/// Five pictures to train on and two to test with, of which the first is the last of the five; 1x2x3, three classes.
fn seven() -> Source {
    let train = Samples::new([1, 2, 3], 3, (0..30).map(|i| i * 7).collect(), vec![0, 1, 2, 0, 1]).unwrap();
    let pixels = [train.picture(4).0, &[9; 6]].concat();
    let test = Samples::new([1, 2, 3], 3, pixels, vec![2, 2]).unwrap();
    Source::new("seven", train, test)
}

/// The digests are those of `golden/fingerprint.py`.
#[test]
fn a_fingerprint_is_the_documented_sha256() {
    let found = Fingerprint::of(&seven(), Holdout::Last(2)).unwrap();
    let expected = Fingerprint {
        shape: [1, 2, 3],
        classes: 3,
        train_pictures: 5,
        test_pictures: 2,
        test_copies: 1,
        train: "ff0c1a414bb63abdb76f3a0ae979b67d1eaf800abdc8023dd640129a8b3f2f19".to_owned(),
        test: "8f516fba408588b135a065fd69a97e333c4b2af81026469d408d589b06014c9b".to_owned(),
        split: "a1f9a549ddc784959537f084c79ac5564de8080503dfc842a54616337b87d795".to_owned(),
    };
    assert_eq!(found, expected);
}

#[test]
fn a_fingerprint_tells_what_differs() {
    let rule = Holdout::Last(2);
    let before = Fingerprint::of(&seven(), rule).unwrap();
    let differs = |change: fn(&mut Source), rule| {
        let mut source = seven();
        change(&mut source);
        before.difference(&Fingerprint::of(&source, rule).unwrap())
    };
    let pictures = |train, test| Some(Difference::Pictures { train, test });
    assert_eq!(differs(|_| (), rule), None);
    // A name is no content.
    assert_eq!(differs(|it| it.name = "other".into(), rule), None);
    let pixel = |it: &mut Source| {
        let mut pixels = it.train.pixels().to_vec();
        pixels[29] ^= 1;
        it.train = Samples::new([1, 2, 3], 3, pixels, it.train.labels().to_vec()).unwrap();
    };
    let label = |it: &mut Source| it.test = Samples::new([1, 2, 3], 3, it.test.pixels().to_vec(), vec![2, 1]).unwrap();
    assert_eq!(differs(pixel, rule), pictures(true, false));
    assert_eq!(differs(label, rule), pictures(false, true));
    let turned = |it: &mut Source| {
        for samples in [&mut it.train, &mut it.test] {
            *samples = Samples::new([1, 3, 2], 3, samples.pixels().to_vec(), samples.labels().to_vec()).unwrap();
        }
    };
    assert_eq!(differs(turned, rule), pictures(true, true));
    assert_eq!(differs(|_| (), Holdout::Last(1)), Some(Difference::Split));
    // Rules that hold out the same pictures are the same split: the last two of five, whatever the rule's name.
    let seed = (0..1000).find(|&seed| {
        let valid = hold_out(&seven().train, Holdout::Random { count: 2, seed }).unwrap().1;
        valid == hold_out(&seven().train, rule).unwrap().1
    });
    assert_eq!(differs(|_| (), Holdout::Random { count: 2, seed: seed.unwrap() }), None);
}

#[test]
fn test_copies_count_every_exact_copy_once() {
    let one = |pixels: &[u8]| Samples::new([1, 1, 1], 2, pixels.to_vec(), vec![0; pixels.len()]).unwrap();
    for (train, test, copies) in [
        (&[1, 2, 3][..], &[4, 5][..], 0),
        (&[1, 2, 3], &[3, 2, 1], 3),
        (&[1, 1, 2], &[1, 4], 1),
        (&[1, 2, 3], &[2, 2, 5, 2], 3),
    ] {
        let source = Source::new("ones", one(train), one(test));
        let found = Fingerprint::of(&source, Holdout::Last(1)).unwrap().test_copies;
        assert_eq!(found, copies, "{train:?} {test:?}");
    }
}

#[test]
fn classes_have_names_that_every_part_keeps() {
    let samples = Samples::new([1, 1, 1], 2, vec![1, 2, 3], vec![0, 1, 1]).unwrap();
    assert_eq!(samples.class_names(), ["0", "1"]);
    let named = samples.clone().named(["cat", "dog"]).unwrap();
    let (train, valid) = hold_out(&named, Holdout::Last(1)).unwrap();
    assert_eq!((train.class_names(), valid.class_names()), (named.class_names(), named.class_names()));
    let refused = |names: &[&str]| samples.clone().named(names.iter().copied()).unwrap_err().to_string();
    assert!(refused(&["cat"]).contains("1 class names were given for 2 classes"));
    assert!(refused(&["cat", " "]).contains("class 1 is blank"));
    assert!(refused(&["cat", "cat"]).contains("classes 0 and 1 are both called \"cat\""));
    let message = Source::new("pets", named, samples).check().unwrap_err().to_string();
    assert!(message.contains("class 0 of pets is \"cat\" among the training pictures and \"0\" among the test"));
}

#[test]
fn labels_may_be_wider_than_a_byte() {
    let samples = Samples::new([1, 1, 1], 100_000, vec![1, 2], vec![99_999, 256]).unwrap();
    assert_eq!(samples.picture(0), (&[1][..], 99_999));
    let (train, _) = hold_out(&samples, Holdout::Stratified { count: 1, seed: 1 }).unwrap();
    let source = Source::new("wide", samples, train);
    // Labels that are equal modulo 256 are different content.
    let other = Samples::new([1, 1, 1], 100_000, vec![1, 2], vec![99_999, 512]).unwrap();
    let other = Source { train: other, ..source.clone() };
    let print = |source| Fingerprint::of(source, Holdout::Last(1)).unwrap();
    assert!(print(&source).difference(&print(&other)).is_some());
}

#[test]
fn mapped_pixels_are_those_of_the_file_behind_its_header() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [9, 9, 1, 2, 3, 4]).unwrap();
    let mapped = Samples::of_pixels([1, 1, 2], 2, Pixels::map(file.path(), 2).unwrap(), vec![0, 1]).unwrap();
    assert!(mapped.is_mapped());
    assert_eq!(mapped, Samples::new([1, 1, 2], 2, vec![1, 2, 3, 4], vec![0, 1]).unwrap());
    assert!(Pixels::map(file.path(), 7).unwrap_err().to_string().contains("7 bytes"));
    assert!(Pixels::map(&file.path().join("none"), 0).is_err());
}

#[test]
fn validation_pictures_of_its_own_are_part_of_a_sets_fingerprint() {
    let own = |pixel: u8| {
        let valid = Samples::new([1, 2, 3], 3, vec![pixel; 6], vec![0]).unwrap();
        Source { valid: Some(valid), ..seven() }
    };
    let print = |source: &Source| Fingerprint::of(source, Holdout::Last(2)).unwrap();
    assert_eq!(print(&own(1)).difference(&print(&own(1))), None);
    assert_eq!(print(&own(1)).difference(&print(&own(2))), Some(Difference::Split));
    assert_eq!(print(&own(1)).difference(&print(&seven())), Some(Difference::Split));
}
