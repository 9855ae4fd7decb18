//! CUDA graphs: work captured once and asked for again with one call, as PyTorch's `torch.cuda.graph` does. tch has neither
//! graphs nor streams.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use tch::Device;

use crate::Error;
use crate::graph_shim::{Handle, Shim};

/// Why graphs cannot be captured for `device`; nothing where they can.
///
/// # Errors
/// A device other than CUDA; libtorch's CUDA part is not loaded; the library beside it was not built or cannot be loaded.
/// The text says which, and how to mend it.
pub fn graph_support(device: Device) -> Result<(), Error> {
    match device {
        Device::Cuda(_) => Shim::get().map(|_| ()),
        other => Err(Error(format!("graphs are CUDA's, and the device is {other:?}"))),
    }
}

/// Work on one CUDA device that is to be captured, or was.
///
/// While it captures, nothing is computed: libtorch's operations are written down with the addresses that they read and
/// write. So whatever changes between two [`replay`](Graph::replay)s must lie in tensors that stay where they are,
/// and nothing inside may read a value back. Dropout draws at each replay from libtorch's generator as it is then, so that
/// `tch::manual_seed` before a replay drops what it would have dropped before the same work uncaptured. Other threads may go
/// on using the device meanwhile, but must not draw from its generator, which belongs to the capture until that has ended.
#[derive(Debug)]
pub struct Graph {
    handle: Handle,
    captured: bool,
}

/// libtorch allows one capture per process at a time.
static CAPTURING: Mutex<()> = Mutex::new(());

impl Graph {
    /// A graph of nothing yet.
    ///
    /// # Errors
    /// Those of [`graph_support`]; a device that is not there.
    pub fn new(device: Device) -> Result<Graph, Error> {
        graph_support(device)?;
        let Device::Cuda(index) = device else { return Err(Error("graphs are CUDA's".to_owned())) };
        Ok(Graph { handle: Handle::new(Shim::get()?, index)?, captured: false })
    }

    /// Does `body` where it will be captured, without capturing: libraries that prepare themselves at their first call
    /// (cuBLAS, cuDNN, kernels loaded when needed) may do so now, and must not while capturing. Waits for the device.
    ///
    /// # Errors
    /// Those of `body`; a device that fails.
    pub fn warm_up<T, E: From<Error>>(&self, body: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let aside = self.handle.enter()?;
        let result = body();
        aside.leave()?;
        result
    }

    /// Captures `body`, which must have been [rehearsed](Graph::warm_up) on this thread. Nothing of it is computed.
    ///
    /// # Errors
    /// Those of `body`; an operation that cannot be captured, for example one that reads a value; a body that panics, as
    /// tch does for such operations. All is then as before, but for what `body` itself has changed on the host.
    pub fn capture<E: From<Error>>(&mut self, body: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        if self.captured {
            return Err(Error("this graph is captured already; make another".to_owned()).into());
        }
        let _one_at_a_time = CAPTURING.lock();
        let aside = self.handle.enter()?;
        let capture = self.handle.begin()?;
        // What the body has touched on the host is the caller's to judge; on an error it is told.
        let result = catch_unwind(AssertUnwindSafe(body))
            .unwrap_or_else(|panic| Err(Error(format!("an operation failed: {}", what(&*panic))).into()))
            .and_then(|()| Ok(capture.end()?));
        aside.leave()?;
        self.captured = result.is_ok();
        result
    }

    /// Asks the device for the captured work, after all that was asked for before; does not wait for it.
    ///
    /// # Errors
    /// Nothing was captured; the device failed.
    pub fn replay(&self) -> Result<(), Error> {
        self.handle.replay()
    }
}

/// The first line of what a panic said; libtorch's messages continue with a backtrace.
fn what(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").lines().next().unwrap_or_default().to_owned()
}
