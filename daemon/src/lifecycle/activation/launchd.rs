//! Taking the sockets that launchd holds for this job. The one module that calls launchd.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::io;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixListener;

/// The key of our socket in the agent's `Sockets`.
const NAME: &CStr = c"Listener";

/// launchd does not know this process: nobody started it as an agent.
const ESRCH: i32 = 3;

unsafe extern "C" {
    /// Fills `fds` with `malloc`ed memory that holds `count` descriptors; returns an `errno` value.
    fn launch_activate_socket(name: *const c_char, fds: *mut *mut c_int, count: *mut usize) -> c_int;
    fn free(memory: *mut c_void);
}

/// The sockets that launchd holds under [`NAME`]; none for a process that launchd did not start.
pub(super) fn sockets() -> io::Result<Vec<UnixListener>> {
    let mut fds: *mut c_int = std::ptr::null_mut();
    let mut count = 0_usize;
    // SAFETY: the name ends with a NUL, both pointers lead to live variables of the types that the
    // function's manual names, and nothing else uses them during the call.
    let outcome = unsafe { launch_activate_socket(NAME.as_ptr(), &raw mut fds, &raw mut count) };
    match outcome {
        0 => {}
        ESRCH => return Ok(Vec::new()),
        errno => return Err(io::Error::from_raw_os_error(errno)),
    }
    if fds.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: after success `fds` leads to `count` initialised integers, which nobody writes to.
    let numbers = unsafe { std::slice::from_raw_parts(fds, count) }.to_vec();
    // SAFETY: the memory was allocated for us with `malloc`, is freed once, and is not read afterwards.
    unsafe { free(fds.cast()) };
    let own = |number| {
        // SAFETY: launchd opened the descriptor for this process and gives it to its only caller, so it
        // is open and nobody else closes it.
        UnixListener::from(unsafe { OwnedFd::from_raw_fd(number) })
    };
    let sockets: Vec<UnixListener> = numbers.into_iter().map(own).collect();
    for socket in &sockets {
        // launchd does not say whether it sets this; children must not inherit the socket.
        rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok(sockets)
}
