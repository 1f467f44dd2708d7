//! What a thread whose work can wait gives up: the processor, and the disk, to whoever else wants them.
//!
//! Called by the thread itself, before its work. On Linux the threads that it starts afterwards inherit both ranks; elsewhere each of
//! them has to call it as well.

/// Lets the thread that calls have the processor and the disk only when nobody else wants them: what it does can wait. A system
/// that does not know such ranks, or forbids them, keeps the thread at its own.
pub(crate) fn step_back() {
    system::step_back();
}

/// Linux: a rank for the processor and a class for the disk, each of one thread.
#[cfg(target_os = "linux")]
mod system {
    /// Of 19: a tenth of the share of an ordinary thread.
    const RANK: i32 = 10;

    pub(super) fn step_back() {
        if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), RANK) {
            tracing::debug!(%error, "a thread keeps its rank for the processor");
        }
        if let Err(error) = disk::step_back() {
            tracing::debug!(%error, "a thread keeps its rank for the disk");
        }
    }

    /// The disk's class. The rank for the processor alone would only make a thread the last but one among those that are served
    /// at once. Schedulers without classes ignore it.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
    pub(super) mod disk {
        use std::ffi::{c_int, c_long};
        use std::io;

        /// The numbers of `ioprio_set` and `ioprio_get`, which the C library has no functions for.
        #[cfg(target_arch = "x86_64")]
        const CALLS: (c_long, c_long) = (251, 252);
        #[cfg(any(target_arch = "aarch64", target_arch = "riscv64"))]
        const CALLS: (c_long, c_long) = (30, 31);

        /// As in `linux/ioprio.h`: what follows is a thread's number, and 0 is the thread that calls.
        const WHO_PROCESS: c_int = 1;
        const CLASS_SHIFT: u32 = 13;
        const CLASS_IDLE: c_int = 3;

        unsafe extern "C" {
            fn syscall(number: c_long, ...) -> c_long;
        }

        /// Has the disk only when nobody else wants it.
        pub(crate) fn step_back() -> io::Result<()> {
            // SAFETY: the call takes three numbers and touches no memory of ours.
            let outcome = unsafe { syscall(CALLS.0, WHO_PROCESS, 0 as c_int, CLASS_IDLE << CLASS_SHIFT) };
            if outcome < 0 {
                Err(io::Error::last_os_error())
            } else {
                Ok(())
            }
        }

        /// Whether the thread that calls has.
        #[cfg(test)]
        pub(crate) fn is_back() -> bool {
            // SAFETY: the call takes two numbers and touches no memory of ours.
            let rank = unsafe { syscall(CALLS.1, WHO_PROCESS, 0 as c_int) };
            rank >> CLASS_SHIFT == c_long::from(CLASS_IDLE)
        }
    }

    /// Elsewhere the numbers of the calls differ.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
    mod disk {
        pub(super) fn step_back() -> std::io::Result<()> {
            Err(std::io::ErrorKind::Unsupported.into())
        }
    }
}

/// macOS: one class says both.
#[cfg(target_os = "macos")]
mod system {
    use std::ffi::{c_int, c_uint};

    /// As in `sys/qos.h`: work that takes a while and that nobody waits for at this moment.
    const QOS_CLASS_UTILITY: c_uint = 0x11;

    unsafe extern "C" {
        fn pthread_set_qos_class_self_np(class: c_uint, relative: c_int) -> c_int;
    }

    pub(super) fn step_back() {
        // SAFETY: the function takes two numbers, and changes nothing but how the thread that calls is scheduled.
        let outcome = unsafe { pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0) };
        if outcome != 0 {
            tracing::debug!(code = outcome, "a thread keeps its rank");
        }
    }
}

/// Elsewhere a thread has no rank of its own.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod system {
    pub(super) fn step_back() {}
}

#[cfg(all(
    test,
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
mod tests {
    use super::*;
    use rustix::process::getpriority_process;
    use rustix::thread::gettid;
    use std::thread;

    /// The ranks of the thread that calls: for the processor, and whether it has the disk only when nobody else wants it.
    fn ranks() -> (i32, bool) {
        let rank = getpriority_process(Some(gettid())).expect("every thread has one");
        (rank, system::disk::is_back())
    }

    #[test]
    fn a_thread_that_steps_back_takes_along_what_it_starts_and_nobody_else() {
        thread::scope(|scope| {
            let steps_back = scope.spawn(|| {
                let before = ranks();
                step_back();
                let after = ranks();
                let started = thread::scope(|scope| scope.spawn(ranks).join().expect("it ends"));
                (before, after, started)
            });
            let (before, after, started) = steps_back.join().expect("it ends");
            assert!(!before.1, "nobody begins behind everybody");
            assert!(after.0 >= before.0.max(10), "{after:?} after {before:?}");
            assert!(after.1, "the disk is left to others");
            assert_eq!(started, after);
            assert_eq!(ranks(), before, "others keep theirs");
        });
    }
}
