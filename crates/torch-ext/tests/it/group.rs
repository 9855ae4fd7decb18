//! Groups of threads in this process: each is a rank with a store and connections of its own, as separate processes are.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use tch::{Device, Kind, Tensor};
use torch_ext::{Error, Group, Meeting, Store};

const PATIENCE: Duration = Duration::from_secs(20);

/// A socket of this machine alone, and its port.
fn socket() -> (TcpListener, u16) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

fn meeting(rank: usize, ranks: usize, port: u16, store: Store, patience: Duration) -> Meeting {
    Meeting { host: "127.0.0.1".to_owned(), port, rank, ranks, store, attempt: 0, patience, timeout: patience }
}

/// What each rank makes of its group.
fn together<T: Send>(ranks: usize, timeout: Duration, work: impl Fn(Group) -> T + Sync) -> Vec<T> {
    let (socket, port) = socket();
    let mut stores = vec![Store::Socket(socket)];
    stores.resize_with(ranks, || Store::RankZero);
    thread::scope(|scope| {
        let start = |(rank, store)| {
            let work = &work;
            scope.spawn(move || {
                let meeting = Meeting { timeout, ..meeting(rank, ranks, port, store, PATIENCE) };
                work(Group::meet(meeting, &mut || None).unwrap())
            })
        };
        let started: Vec<_> = stores.into_iter().enumerate().map(start).collect();
        started.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    tensor.to_kind(Kind::Double).reshape([-1]).try_into().unwrap()
}

#[test]
fn sums_and_broadcasts_are_the_same_on_every_rank() {
    for ranks in [1, 2, 3] {
        let all = together(ranks, PATIENCE, |group| {
            let rank = group.rank() as i64;
            assert_eq!(group.ranks(), ranks);
            let mut sum = Tensor::from_slice(&[rank + 1, 10 * rank]);
            group.sum(&mut sum).unwrap();
            // Not contiguous: what is written has to arrive.
            let mut transposed = (Tensor::arange(6, (Kind::Float, Device::Cpu)) + rank).view([2, 3]).transpose(0, 1);
            group.broadcast(&mut transposed, ranks - 1).unwrap();
            let bytes = group.broadcast_bytes(if rank == 0 { b"from rank 0" } else { b"" }, 0).unwrap();
            let none = group.broadcast_bytes(b"", 0).unwrap();
            group.barrier(PATIENCE).unwrap();
            (numbers(&sum), numbers(&transposed), bytes, none)
        });
        let n = ranks as f64;
        for (sum, transposed, bytes, none) in all {
            assert_eq!(sum, [n * (n + 1.0) / 2.0, 10.0 * n * (n - 1.0) / 2.0]);
            assert_eq!(transposed, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0].map(|x| x + n - 1.0));
            assert_eq!((bytes.as_slice(), none.is_empty()), (&b"from rank 0"[..], true));
        }
    }
}

#[test]
fn where_a_rank_ends_the_others_are_told_and_the_group_stays_spoilt() {
    let errors = together(2, PATIENCE, |group| {
        if group.rank() == 1 {
            return Vec::new();
        }
        let clock = Instant::now();
        let attempt = || group.sum(&mut Tensor::from_slice(&[1.0f32; 1000])).unwrap_err();
        let errors = vec![attempt(), attempt(), group.barrier(PATIENCE).unwrap_err()];
        assert!(clock.elapsed() < Duration::from_secs(5), "{:?}", clock.elapsed());
        errors
    });
    let [first, rest @ ..] = errors[0].as_slice() else { panic!("{errors:?}") };
    assert!(first.to_string().starts_with("rank 0 of 2: another rank has ended ("), "{first}");
    assert!(rest.iter().all(|it| it == first), "{rest:?}");
}

#[test]
fn a_rank_that_does_not_answer_is_told_after_the_timeout() {
    let timeout = Duration::from_millis(800);
    let errors = together(2, timeout, |group| {
        if group.rank() == 1 {
            thread::sleep(3 * timeout);
            return String::new();
        }
        group.sum(&mut Tensor::from_slice(&[1.0f32])).unwrap_err().to_string()
    });
    assert!(errors[0].contains("another rank has not answered in time"), "{}", errors[0]);
}

#[test]
fn the_rank_that_a_barrier_misses_is_named() {
    let timeout = Duration::from_millis(800);
    let errors = together(3, PATIENCE, |group| match group.rank() {
        2 => {
            thread::sleep(3 * timeout);
            String::new()
        }
        _ => group.barrier(timeout).unwrap_err().to_string(),
    });
    assert_eq!(errors[0], "rank 0 of 3 waited in vain for rank 2");
}

fn meet_alone(rank: usize, ranks: usize, port: u16, patience: Duration) -> Error {
    Group::meet(meeting(rank, ranks, port, Store::RankZero, patience), &mut || None).unwrap_err()
}

#[test]
fn ranks_that_never_come_are_named() {
    let (socket, port) = socket();
    let patience = Duration::from_millis(700);
    let found = thread::scope(|scope| {
        let one = scope.spawn(|| meet_alone(1, 4, port, PATIENCE).to_string());
        let zero = meeting(0, 4, port, Store::Socket(socket), patience);
        let zero = Group::meet(zero, &mut || None).unwrap_err().to_string();
        [zero, one.join().unwrap()]
    });
    assert_eq!(found, ["ranks 2, 3 of 4 have not come within 0.7 s"; 2]);
}

#[test]
fn without_rank_0_a_rank_says_where_it_looked() {
    let port = socket().1;
    let text = meet_alone(1, 2, port, Duration::from_millis(700)).to_string();
    assert!(text.starts_with(&format!("rank 1 cannot reach rank 0 at 127.0.0.1:{port} within 0.7 s")), "{text}");
}

/// Whoever started it may have gone meanwhile.
#[test]
fn a_rank_gives_up_when_it_has_a_reason() {
    let port = socket().1;
    let clock = Instant::now();
    let meeting = meeting(1, 2, port, Store::RankZero, PATIENCE);
    let text = Group::meet(meeting, &mut || Some("nobody is left".to_owned())).unwrap_err().to_string();
    assert_eq!(text, "nobody is left");
    // Somebody who serves no store.
    let (silent, port) = socket();
    let text = meet_alone(1, 2, port, Duration::from_millis(700)).to_string();
    assert_eq!(text, "rank 1 has had no answer of rank 0 within 4.7 s, though it listens");
    assert!(clock.elapsed() < Duration::from_secs(15), "{:?}", clock.elapsed());
    drop(silent);
}

#[test]
fn a_port_that_is_taken_and_a_rank_that_is_none_are_told() {
    let (_taken, port) = socket();
    let text = meet_alone(0, 2, port, Duration::from_millis(700)).to_string();
    assert_eq!(text, format!("port {port} is taken on this machine: choose another with MASTER_PORT"));
    assert_eq!(meet_alone(2, 2, port, PATIENCE).to_string(), "rank 2 of 2: ranks count from 0");
}

#[test]
fn rank_0_gives_up_for_all() {
    let (socket, port) = socket();
    let found = thread::scope(|scope| {
        let one = scope.spawn(|| meet_alone(1, 3, port, PATIENCE).to_string());
        let zero = meeting(0, 3, port, Store::Socket(socket), PATIENCE);
        let mut asked = 0;
        let mut give_up = || {
            asked += 1;
            (asked > 20).then(|| "rank 2 ended".to_owned())
        };
        [Group::meet(zero, &mut give_up).unwrap_err().to_string(), one.join().unwrap()]
    });
    assert_eq!(found, ["rank 2 ended"; 2]);
}

/// Shares of unequal size, together, beside libtorch's own batch normalisation of the whole in f64.
#[test]
fn batch_normalisation_over_all_ranks_is_that_of_the_whole_minibatch() {
    let options = (Kind::Double, Device::Cpu);
    let inputs = || {
        let x = (Tensor::arange(7 * 3 * 4, options) * 0.37).sin().view([7, 3, 2, 2]) * 3.0 + 1.0;
        let dy = (Tensor::arange(7 * 3 * 4, options) * 0.71).cos().view([7, 3, 2, 2]);
        let (scale, shift) = (Tensor::from_slice(&[0.5f64, 1.5, -2.0]), Tensor::from_slice(&[0.1f64, 0.0, 1.0]));
        (x, dy, scale, shift)
    };
    let leaf = |t: &Tensor, kind| t.to_kind(kind).copy().set_requires_grad(true);
    let whole = {
        let (x, dy, scale, shift) = inputs();
        let (x, scale, shift) = (leaf(&x, Kind::Double), leaf(&scale, Kind::Double), leaf(&shift, Kind::Double));
        let (mean, variance) = (Tensor::zeros([3], options), Tensor::ones([3], options));
        let y = x.batch_norm(Some(&scale), Some(&shift), Some(&mean), Some(&variance), true, 0.1, 1e-5, false);
        (&y * &dy).sum(Kind::Double).backward();
        [y.detach(), x.grad(), scale.grad(), shift.grad(), mean, variance].map(|it| numbers(&it))
    };
    for ends in [vec![7], vec![3, 7], vec![1, 3, 7]] {
        let parts = together(ends.len(), PATIENCE, |group| {
            let (x, dy, scale, shift) = inputs();
            let first = group.rank().checked_sub(1).map_or(0, |before| ends[before]);
            let own = |t: &Tensor| t.narrow(0, first, ends[group.rank()] - first);
            let (x, scale, shift) = (leaf(&own(&x), Kind::Float), leaf(&scale, Kind::Float), leaf(&shift, Kind::Float));
            let float = (Kind::Float, Device::Cpu);
            let (mean, variance) = (Tensor::zeros([3], float), Tensor::ones([3], float));
            let y = group.batch_norm(&x, [&scale, &shift], [&mean, &variance], 0.1, 1e-5).unwrap();
            (&y * own(&dy).to_kind(Kind::Float)).sum(Kind::Float).backward();
            [y.detach(), x.grad(), scale.grad(), shift.grad(), mean, variance]
        });
        let of = |place: usize| parts.iter().map(move |part| part[place].shallow_clone());
        let joined = |place| Tensor::cat(&of(place).collect::<Vec<_>>(), 0);
        let summed = |place| of(place).reduce(|a, b| a + b).unwrap();
        let found = [joined(0), joined(1), summed(2), summed(3)];
        for (found, expected) in found.iter().zip(&whole) {
            let difference = numbers(found).iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(difference < 5e-6, "{difference} with {} ranks", ends.len());
        }
        for (place, expected) in [(4, &whole[4]), (5, &whole[5])] {
            for running in of(place) {
                let difference = numbers(&running).iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(difference < 1e-6, "{difference}");
                assert_eq!(numbers(&running), numbers(&of(place).next().unwrap()), "the same bits on every rank");
            }
        }
    }
}
