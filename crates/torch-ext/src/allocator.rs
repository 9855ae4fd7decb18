//! Training allocates and frees the same large buffers at every step. By default glibc gives them back to the system
//! and asks for them again, which costs more than a tenth of the time in page faults: it is told to keep them.

/// Tells glibc's allocator to serve large blocks from its heap and never to shrink that.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn keep_memory() {
    const NEVER: libc::c_int = libc::c_int::MAX;
    const GROW_BY_BYTES: libc::c_int = 64 << 20;
    // Settings that are refused (they return 0) leave the default behaviour, which is slower but right.
    #[expect(unsafe_code, reason = "mallopt only stores the numbers; no other thread runs yet")]
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, NEVER);
        libc::mallopt(libc::M_TOP_PAD, GROW_BY_BYTES);
    }
}

/// Other systems' allocators are left as they are.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_memory() {}
