//! The functions of `cpp/cuda/graph.cpp` made safe. They lie in a library of their own, `libminibatch_cuda.so`, which is
//! loaded when the program runs, and only beside libtorch's CUDA part, whose functions it calls.
#![allow(unsafe_code, reason = "calling C++ is what this module is for")]

use std::ffi::{c_char, c_int, c_void};
use std::path::PathBuf;
use std::ptr;
use std::sync::OnceLock;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW};

use crate::Error;
use crate::shim::done;

/// The library's file name.
const NAME: &str = "libminibatch_cuda.so";
/// Where the build script put it; `None` where it found no CUDA headers, or could not compile against them.
const BUILT: Option<&str> = option_env!("MINIBATCH_CUDA_SHIM");
/// Why it was not built.
const NOT_BUILT: Option<&str> = option_env!("MINIBATCH_CUDA_SHIM_LACKS");

type Opaque = *mut c_void;
type Step = unsafe extern "C" fn(Opaque) -> *mut c_char;
type End = unsafe extern "C" fn(Opaque);

/// The functions, found once.
#[derive(Debug)]
pub(crate) struct Shim {
    make: unsafe extern "C" fn(c_int, *mut Opaque) -> *mut c_char,
    drop: End,
    enter: Step,
    leave: Step,
    begin: Step,
    end: Step,
    abandon: End,
    replay: Step,
}

impl Shim {
    /// The library, loaded at the first call.
    pub fn get() -> Result<&'static Shim, Error> {
        static SHIM: OnceLock<Result<Shim, Error>> = OnceLock::new();
        SHIM.get_or_init(Shim::load).as_ref().map_err(Clone::clone)
    }

    fn load() -> Result<Shim, Error> {
        make_cuda_visible()?;
        let path = places().into_iter().find(|path| path.exists()).ok_or_else(|| match NOT_BUILT {
            Some(lack) => Error(format!("this build holds no {NAME}: {lack}")),
            None => Error(format!("{NAME} is not beside the program: build it again, or copy it there")),
        })?;
        // SAFETY: the library is ours; its initialisers are those of a few C++ objects.
        let library = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_LOCAL) }
            .map_err(|error| Error(format!("{} cannot be loaded: {error}", path.display())))?;
        // SAFETY: the types are those of cpp/cuda/graph.cpp.
        let shim = unsafe {
            Shim {
                make: symbol(&library, "minibatch_graph_make")?,
                drop: symbol(&library, "minibatch_graph_drop")?,
                enter: symbol(&library, "minibatch_graph_enter")?,
                leave: symbol(&library, "minibatch_graph_leave")?,
                begin: symbol(&library, "minibatch_graph_begin")?,
                end: symbol(&library, "minibatch_graph_end")?,
                abandon: symbol(&library, "minibatch_graph_abandon")?,
                replay: symbol(&library, "minibatch_graph_replay")?,
            }
        };
        // The functions are called for as long as the process lives.
        std::mem::forget(library);
        Ok(shim)
    }
}

/// Looks for libtorch's CUDA part among what is loaded, and lets libraries loaded from now on see its symbols: whoever
/// loaded it may have kept them to himself.
fn make_cuda_visible() -> Result<(), Error> {
    let flags = RTLD_NOW | RTLD_GLOBAL | libc::RTLD_NOLOAD;
    // SAFETY: nothing is loaded, so that no initialiser runs.
    let library = unsafe { Library::open(Some("libtorch_cuda.so"), flags) };
    let library = library.map_err(|_| Error("libtorch's CUDA part (libtorch_cuda.so) is not loaded".to_owned()))?;
    std::mem::forget(library);
    Ok(())
}

/// Where the library may lie: beside the program, one folder above (tests and benches lie in `deps`), and where it was built.
fn places() -> Vec<PathBuf> {
    let program = std::env::current_exe().ok();
    let folders = program.iter().flat_map(|program| program.ancestors().skip(1).take(2));
    folders.map(|folder| folder.join(NAME)).chain(BUILT.map(PathBuf::from)).collect()
}

/// # Safety
/// The function of that name must be a `T`.
unsafe fn symbol<T: Copy>(library: &Library, name: &str) -> Result<T, Error> {
    // SAFETY: the caller's.
    let found = unsafe { library.get::<T>(name) };
    found.map(|it| *it).map_err(|error| Error(format!("{NAME} is of another version: {error}")))
}

/// What a function answered, the first line of it: CUDA's messages continue with general advice.
fn said(message: *mut c_char) -> Result<(), Error> {
    done(message).map_err(|Error(text)| Error(text.lines().next().unwrap_or_default().to_owned()))
}

/// A graph on the C++ side.
#[derive(Debug)]
pub(crate) struct Handle {
    shim: &'static Shim,
    graph: Opaque,
}

impl Handle {
    pub fn new(shim: &'static Shim, device: usize) -> Result<Handle, Error> {
        let device = c_int::try_from(device).map_err(|_| Error(format!("there is no CUDA device {device}")))?;
        let mut graph = ptr::null_mut();
        // SAFETY: the place outlives the call.
        said(unsafe { (shim.make)(device, &mut graph) })?;
        Ok(Handle { shim, graph })
    }

    /// Sends this thread's work to the graph's stream until the guard is dropped.
    pub fn enter(&self) -> Result<Aside<'_>, Error> {
        let aside = Aside(self); // made first: where entering fails half-way, it is undone
        // SAFETY: the graph is there until this is dropped.
        said(unsafe { (self.shim.enter)(self.graph) })?;
        Ok(aside)
    }

    /// Starts capturing until the guard is dropped.
    pub fn begin(&self) -> Result<Capture<'_>, Error> {
        let capture = Capture(Some(self));
        // SAFETY: as in `enter`.
        said(unsafe { (self.shim.begin)(self.graph) })?;
        Ok(capture)
    }

    pub fn replay(&self) -> Result<(), Error> {
        // SAFETY: as in `enter`.
        said(unsafe { (self.shim.replay)(self.graph) })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it was made by `make`, and nobody else holds it.
        unsafe { (self.shim.drop)(self.graph) }
    }
}

/// This thread's work goes to the graph's stream.
pub(crate) struct Aside<'a>(&'a Handle);

impl Aside<'_> {
    /// Goes back, and says whether the device failed.
    pub fn leave(self) -> Result<(), Error> {
        // SAFETY: as in `enter`; leaving a second time, when this is dropped, does nothing.
        said(unsafe { (self.0.shim.leave)(self.0.graph) })
    }
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        // SAFETY: as in `leave`. What went wrong was told by `leave`, or by the error that this follows.
        let _ = said(unsafe { (self.0.shim.leave)(self.0.graph) });
    }
}

/// A capture under way; abandoned unless it is ended.
pub(crate) struct Capture<'a>(Option<&'a Handle>);

impl Capture<'_> {
    /// Ends it; the graph can be replayed then.
    pub fn end(mut self) -> Result<(), Error> {
        let Some(handle) = self.0 else { return Ok(()) };
        // SAFETY: as in `enter`.
        said(unsafe { (handle.shim.end)(handle.graph) })?;
        self.0 = None;
        Ok(())
    }
}

impl Drop for Capture<'_> {
    fn drop(&mut self) {
        if let Some(handle) = self.0 {
            // SAFETY: as in `enter`.
            unsafe { (handle.shim.abandon)(handle.graph) }
        }
    }
}
