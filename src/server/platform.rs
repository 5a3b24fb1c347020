//! What differs from system to system in the server: the one place to look at when it moves to another.

use std::io;

use socket2::Socket;

/// Sets what a listening socket needs before it is bound.
///
/// On Unix, SO_REUSEADDR lets a new server listen while connections of the last one linger. On Windows it would let
/// two servers share a port, and lingering connections are no obstacle there.
pub(super) fn prepare_listener(socket: &Socket) -> io::Result<()> {
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    #[cfg(not(unix))]
    let _ = socket;
    Ok(())
}

/// Whether the system lacks a whole address family, such as IPv6.
pub(super) fn is_family_missing(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(libc::EAFNOSUPPORT);
    #[cfg(windows)]
    return error.raw_os_error() == Some(10047); // WSAEAFNOSUPPORT
}

/// Whether accepting failed for want of descriptors or memory: the next attempt fails as well until some are given
/// back. Other errors concern one connection, which is gone.
pub(super) fn is_exhausted(error: &io::Error) -> bool {
    #[cfg(unix)]
    return matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM));
    #[cfg(windows)]
    return matches!(error.raw_os_error(), Some(10024 | 10055)); // WSAEMFILE, WSAENOBUFS
}

/// Raises the limit of open files as far as this process may; the limit that holds then, if there is one.
pub(super) fn raise_file_limit() -> io::Result<Option<u64>> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        if limit.current != limit.maximum {
            setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
        }
        Ok(limit.maximum)
    }
    #[cfg(not(unix))]
    Ok(None)
}
