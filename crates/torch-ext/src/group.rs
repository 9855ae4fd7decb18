//! Processes that compute together. They find one another in a store that rank 0 serves over TCP, then each connects with every
//! other, by gloo. All of it is libtorch's c10d, so that what starts PyTorch's processes starts these as well.
//!
//! Whoever reaches the store's port can join or disturb a group: nothing is encrypted and nobody is asked who they are. Trusted
//! networks only.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tch::{Device, Kind, Tensor};

use crate::Error;
use crate::group_shim::{Handle, Place};

/// How often is looked whether somebody has come.
const LOOK: Duration = Duration::from_millis(20);
/// How much longer the others wait than rank 0, which began to count at another moment.
const GRACE: Duration = Duration::from_secs(4);
/// How long one attempt to connect may take.
const ONE_TRY: Duration = Duration::from_secs(2);
/// Key of the word that all have come, or why they do not go on.
const WORD: &str = "word";
const ALL_THERE: &str = "all there";

/// Who serves the store.
#[derive(Debug)]
pub enum Store {
    /// Rank 0, on the port, for all who reach this machine.
    RankZero,
    /// Rank 0, on this socket, which listens on the port.
    Socket(TcpListener),
    /// Somebody else, as the agent of `torchrun`: rank 0 is a client like the others.
    Agent,
}

/// Where and how the processes of a group meet; all but `rank`, `store` and the address' spelling is alike for all.
#[derive(Debug)]
pub struct Meeting {
    /// Name or address of rank 0's machine.
    pub host: String,
    /// Port of the store.
    pub port: u16,
    /// This process, from 0.
    pub rank: usize,
    /// How many there are.
    pub ranks: usize,
    /// Who serves the store.
    pub store: Store,
    /// Sets this meeting apart from earlier ones at the same store: how often a launcher has started the processes again.
    pub attempt: u64,
    /// How long all have to come.
    pub patience: Duration,
    /// How long a collective may take: longer than the slowest thing that one rank does alone.
    pub timeout: Duration,
}

/// Some processes that compute together. Each calls the same methods in the same order; every call waits for the others.
///
/// The first failure, as where another process ended, spoils the group: every later call fails at once.
#[derive(Debug)]
pub struct Group {
    handle: Handle,
    rank: usize,
    ranks: usize,
    /// What went wrong.
    spoilt: Mutex<Option<Error>>,
}

impl Group {
    /// Meets the others. `give_up` is asked now and then whether there is a reason not to wait any longer; what it says to rank 0, all
    /// hear.
    ///
    /// # Errors
    /// A port that is taken, a store that does not answer, ranks that have not come in time (rank 0 and all who have come say
    /// which), what `give_up` said, connections that cannot be made.
    pub fn meet(meeting: Meeting, give_up: &mut dyn FnMut() -> Option<String>) -> Result<Group, Error> {
        let Meeting { host, port, rank, ranks, store, attempt, patience, timeout } = meeting;
        if rank >= ranks {
            return Err(Error(format!("rank {rank} of {ranks}: ranks count from 0")));
        }
        let prefix = format!("minibatch/{attempt}");
        let (agent, listener) = match store {
            Store::RankZero => (false, None),
            Store::Socket(socket) => (false, Some(into_descriptor(socket))),
            Store::Agent => (true, None),
        };
        if rank > 0 || agent {
            reach(rank, &host, port, patience, give_up)?;
        }
        let open = move || {
            let place = Place { host: &host, port, listener, rank, ranks, agent, prefix: &prefix };
            let handle = Handle::open(&place, patience).map_err(|error| told(&error, rank, &host, port))?;
            handle.set(&arrival(rank), "here").map(|()| handle)
        };
        let (handle, word) = if rank == 0 {
            let handle = open()?;
            let word = gather(&handle, ranks, patience, give_up)?;
            (handle, word)
        } else {
            // c10d waits for an answer of the store without an end.
            let asked = move || {
                let handle = open()?;
                let word = wait_for_word(&handle, rank, patience)?;
                Ok((handle, word))
            };
            answered(asked, rank, patience + GRACE, give_up)?
        };
        if word != ALL_THERE {
            return Err(Error(word));
        }
        handle.connect(timeout).map_err(|error| {
            Error(format!("rank {rank} of {ranks} cannot connect with the others: {}", first_line(&error)))
        })?;
        Ok(Group { handle, rank, ranks, spoilt: Mutex::new(None) })
    }

    /// This process, from 0.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// How many processes there are.
    pub fn ranks(&self) -> usize {
        self.ranks
    }

    /// Puts the sum over all ranks in the place of `tensor`, of one shape and kind on all of them. With two ranks the sum is the same
    /// whatever the order; with more it is summed in the order of a ring, alike at every call. All ranks get the same bits. Tensors of
    /// a GPU travel through the host's memory.
    ///
    /// # Errors
    /// Where another rank ended, could not be reached in time, or brought something else; then and ever after.
    pub fn sum(&self, tensor: &mut Tensor) -> Result<(), Error> {
        self.on_host(tensor, |group, tensor| group.handle.sum(tensor))
    }

    /// Puts rank `root`'s values in the place of everybody's `tensor`, of one shape and kind on all ranks.
    ///
    /// # Errors
    /// Those of [`sum`](Group::sum).
    pub fn broadcast(&self, tensor: &mut Tensor, root: usize) -> Result<(), Error> {
        self.on_host(tensor, |group, tensor| group.handle.broadcast(tensor, root))
    }

    /// Gives everybody the bytes of rank `root`; those of the others are not looked at.
    ///
    /// # Errors
    /// Those of [`sum`](Group::sum).
    pub fn broadcast_bytes(&self, bytes: &[u8], root: usize) -> Result<Vec<u8>, Error> {
        let mut length = Tensor::from_slice(&[bytes.len() as i64]);
        self.broadcast(&mut length, root)?;
        let count = usize::try_from(length.int64_value(&[0])).unwrap_or(0);
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut all = match self.rank == root {
            true => Tensor::f_from_slice(bytes)?,
            false => Tensor::f_zeros([count as i64], (Kind::Uint8, Device::Cpu))?,
        };
        self.broadcast(&mut all, root)?;
        Ok(Vec::<u8>::try_from(&all)?)
    }

    /// Waits until all ranks have called it.
    ///
    /// # Errors
    /// After `patience`, where somebody has not come: rank 0 names them.
    pub fn barrier(&self, patience: Duration) -> Result<(), Error> {
        self.guarded(|group| group.handle.barrier(patience))
    }

    /// Batch normalisation of `x`, f32 or bf16 `[n, c, ...]`, over the pictures of all ranks, with its gradient (Ioffe and Szegedy
    /// 2015). `own` are scale and shift, `running` mean and variance, f32 `[c]` each; the latter move towards those of the minibatch by
    /// `momentum`. The gradients of scale and shift are this rank's share.
    ///
    /// Every rank's loss has to be its share of the sum over all ranks, and not a mean of its own.
    ///
    /// # Errors
    /// Those of [`sum`](Group::sum), on the way forward; on the way back libtorch's backward fails.
    pub fn batch_norm(
        &self,
        x: &Tensor,
        own: [&Tensor; 2],
        running: [&Tensor; 2],
        momentum: f64,
        eps: f64,
    ) -> Result<Tensor, Error> {
        self.guarded(|group| group.handle.batch_norm(x, own, running, [momentum, eps]))
    }

    /// What a failure of libtorch's backward means, where another rank caused it: [`batch_norm`](Group::batch_norm) computes with the
    /// others there as well. Spoils the group.
    pub fn blame(&self, error: Error) -> Error {
        if !error.0.contains("/gloo/") {
            return error;
        }
        self.guarded(|_| Err::<(), Error>(Error(error.0.clone()))).err().unwrap_or(error)
    }

    fn on_host(
        &self,
        tensor: &mut Tensor,
        collective: impl FnOnce(&Group, &mut Tensor) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if tensor.device() == Device::Cpu && tensor.is_contiguous() {
            return self.guarded(|group| collective(group, tensor));
        }
        let mut host = tensor.f_to_device(Device::Cpu)?.f_contiguous()?;
        self.guarded(|group| collective(group, &mut host))?;
        Ok(tch::no_grad(|| tensor.f_copy_(&host))?)
    }

    fn guarded<T>(&self, call: impl FnOnce(&Group) -> Result<T, Error>) -> Result<T, Error> {
        let mut spoilt = self.spoilt.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &*spoilt {
            return Err(error.clone());
        }
        call(self).map_err(|error| {
            let error = Error(lost(self.rank, self.ranks, &error));
            spoilt.insert(error).clone()
        })
    }
}

/// Rank 0 waits for all others, and tells them what it came to.
fn gather(
    handle: &Handle,
    ranks: usize,
    patience: Duration,
    give_up: &mut dyn FnMut() -> Option<String>,
) -> Result<String, Error> {
    let clock = Instant::now();
    let mut missing: Vec<usize> = (1..ranks).collect();
    let word = loop {
        let mut away = Vec::new();
        for rank in missing {
            if handle.look(&arrival(rank))?.is_none() {
                away.push(rank);
            }
        }
        missing = away;
        if missing.is_empty() {
            break ALL_THERE.to_owned();
        }
        if let Some(reason) = give_up() {
            break reason;
        }
        if clock.elapsed() >= patience {
            break missed(&missing, ranks, patience);
        }
        thread::sleep(LOOK);
    };
    handle.set(WORD, &word)?;
    if word != ALL_THERE {
        // The store goes with this rank: those who have come are to hear why.
        let told_by = Instant::now() + Duration::from_secs(2);
        let came = |rank: &usize| !missing.contains(rank);
        let has_heard = |rank: usize| !matches!(handle.look(&heard(rank)), Ok(None));
        while Instant::now() < told_by && !(1..ranks).filter(came).all(has_heard) {
            thread::sleep(LOOK);
        }
    }
    Ok(word)
}

/// Waits until somebody listens where the store is to be. c10d would do that itself, for several times as long as it is told to.
fn reach(
    rank: usize,
    host: &str,
    port: u16,
    patience: Duration,
    give_up: &mut dyn FnMut() -> Option<String>,
) -> Result<(), Error> {
    let clock = Instant::now();
    loop {
        let left = patience.saturating_sub(clock.elapsed());
        let tried = match (host, port).to_socket_addrs() {
            Ok(addresses) => addresses
                .map(|it| TcpStream::connect_timeout(&it, left.clamp(LOOK, ONE_TRY)).map(drop))
                .reduce(|found, next| found.or(next))
                .unwrap_or_else(|| Err(ErrorKind::AddrNotAvailable.into())),
            Err(error) => Err(error),
        };
        let Err(error) = tried else { return Ok(()) };
        if let Some(reason) = give_up() {
            return Err(Error(reason));
        }
        if clock.elapsed() >= patience {
            let patience = patience.as_secs_f64();
            return Err(Error(format!(
                "rank {rank} cannot reach rank 0 at {host}:{port} within {patience} s: {error}"
            )));
        }
        thread::sleep(LOOK);
    }
}

/// What `asked` comes to in a thread of its own, unless there is a reason to give up, or the time is over.
fn answered<T: Send + 'static>(
    asked: impl FnOnce() -> Result<T, Error> + Send + 'static,
    rank: usize,
    patience: Duration,
    give_up: &mut dyn FnMut() -> Option<String>,
) -> Result<T, Error> {
    let (sender, receiver) = mpsc::channel();
    let clock = Instant::now();
    // Nobody listens any more where this one has given up.
    let work = move || drop(sender.send(asked()));
    thread::Builder::new().spawn(work).map_err(|error| Error(format!("the system refuses a thread: {error}")))?;
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(answer) => return answer,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error(format!("rank {rank} has lost the group's store")));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(reason) = give_up() {
            return Err(Error(reason));
        }
        if clock.elapsed() >= patience {
            let waited = patience.as_secs_f64();
            return Err(Error(format!("rank {rank} has had no answer of rank 0 within {waited} s, though it listens")));
        }
    }
}

fn wait_for_word(handle: &Handle, rank: usize, patience: Duration) -> Result<String, Error> {
    let clock = Instant::now();
    // Rank 0 began to count at another moment, and has the better message.
    let patience = patience + GRACE / 2;
    loop {
        let looked =
            handle.look(WORD).map_err(|_| Error(format!("rank {rank} has lost rank 0 before all had come")))?;
        if let Some(word) = looked {
            // Where rank 0 has gone, the word says enough.
            let _ = handle.set(&heard(rank), "yes");
            return Ok(word);
        }
        if clock.elapsed() >= patience {
            return Err(Error(format!("rank {rank} has waited {} s for all to come", patience.as_secs())));
        }
        thread::sleep(LOOK);
    }
}

fn arrival(rank: usize) -> String {
    format!("rank {rank}")
}

fn heard(rank: usize) -> String {
    format!("rank {rank} heard")
}

fn missed(missing: &[usize], ranks: usize, patience: Duration) -> String {
    let names: Vec<String> = missing.iter().map(usize::to_string).collect();
    let (noun, verb) = if names.len() == 1 { ("rank", "has") } else { ("ranks", "have") };
    format!("{noun} {} of {ranks} {verb} not come within {} s", names.join(", "), patience.as_secs_f64())
}

/// What to say where the store cannot be opened.
fn told(error: &Error, rank: usize, host: &str, port: u16) -> Error {
    let said = first_line(error);
    let text = if said.contains("EADDRINUSE") || said.contains("address already in use") {
        format!("port {port} is taken on this machine: choose another with MASTER_PORT")
    } else if rank == 0 {
        format!("rank 0 cannot serve the group on port {port}: {said}")
    } else {
        format!("rank {rank} finds no group at {host}:{port}, though somebody listens there: {said}")
    };
    Error(text)
}

/// What to say where the ranks do not go on together.
fn lost(rank: usize, ranks: usize, error: &Error) -> String {
    let said = first_line(error);
    let absent = said.split_once("]: Ranks ").and_then(|(_, rest)| rest.split_once(" failed to pass"));
    if let Some((absent, _)) = absent {
        return format!("rank {rank} of {ranks} waited in vain for rank {absent}");
    }
    let cause = if said.contains("imed out") || said.contains("imeout") {
        "another rank has not answered in time"
    } else if said.contains("losed by peer") || said.contains("reset by peer") || said.contains("roken pipe") {
        "another rank has ended"
    } else {
        "the ranks cannot compute together"
    };
    format!("rank {rank} of {ranks}: {cause} ({said})")
}

/// The first line, without the place in c10d's sources.
fn first_line(error: &Error) -> &str {
    let line = error.0.lines().next().unwrap_or_default().trim();
    line.split_once(".cc:").and_then(|(_, rest)| rest.split_once("] ")).map_or(line, |(_, rest)| rest)
}

#[cfg(unix)]
fn into_descriptor(socket: TcpListener) -> i32 {
    use std::os::fd::IntoRawFd;
    socket.into_raw_fd()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_c10d_says_becomes_a_line() {
        let closed =
            "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:538] Connection closed by peer [127.0.0.1]:1";
        let text = lost(1, 2, &Error(closed.to_owned()));
        assert_eq!(text, "rank 1 of 2: another rank has ended (Connection closed by peer [127.0.0.1]:1)");
        assert!(lost(0, 3, &Error("Timed out waiting 2000ms".to_owned())).contains("not answered in time"));
        let patience = Duration::from_millis(1500);
        assert_eq!(missed(&[1], 3, patience), "rank 1 of 3 has not come within 1.5 s");
        assert_eq!(missed(&[1, 2], 3, patience), "ranks 1, 2 of 3 have not come within 1.5 s");
        let taken = told(&Error("[c10d] address already in use".to_owned()), 0, "h", 29500);
        assert_eq!(taken.0, "port 29500 is taken on this machine: choose another with MASTER_PORT");
    }
}
