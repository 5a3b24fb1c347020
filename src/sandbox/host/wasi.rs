//! The WASI 0.2 interfaces that language runtimes need to start: clocks, random numbers, standard output and error into
//! the log, and read-only files where granted. Everything else answers a typed refusal.

use std::{
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use tokio::io::AsyncWrite;
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::{
    FsPerms, WasiCtx,
    cli::{IsTerminal, StdoutStream},
    p2::{
        DynPollable, SocketError, SocketResult, TcpSocket, UdpSocket,
        bindings::sockets::{
            ip_name_lookup::{self, ResolveAddressStream},
            network::{self, ErrorCode, IpAddress, IpAddressFamily, Network},
            tcp_create_socket, udp_create_socket,
        },
    },
};

use super::{Guest, GuestLog};
use crate::sandbox::bindings::framewright::handler::log::Level;

/// The most random octets that one call gives; runtimes ask for tens.
const RANDOM_OCTETS: u64 = 64 << 10;

/// Links WASI. The functions that would open a socket or look a name up are replaced by ones that refuse and log.
pub(in crate::sandbox) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    tcp_create_socket::add_to_linker::<_, HasDenied>(linker, |guest| Denied(guest))?;
    udp_create_socket::add_to_linker::<_, HasDenied>(linker, |guest| Denied(guest))?;
    ip_name_lookup::add_to_linker::<_, HasDenied>(linker, |guest| Denied(guest))?;
    linker.allow_shadowing(false);
    Ok(())
}

/// What WASI shows one guest: empty environment and arguments, and `files` as `/`, read-only, if there are any.
pub(super) struct Wasi {
    pub(super) ctx: WasiCtx,
    output: [Lines; 2],
}

impl Wasi {
    pub(super) fn new(log: &Arc<GuestLog>, files: Option<&Path>) -> Self {
        let output = [Lines::new(log, Level::Info), Lines::new(log, Level::Warn)];
        Self { ctx: context(&output, files), output }
    }

    /// From here on, what the guest prints goes to this log.
    pub(super) fn print_to(&self, log: &Arc<GuestLog>) {
        for lines in &self.output {
            lines.lock().log = Arc::clone(log);
        }
    }

    /// Logs lines that have begun and not ended.
    pub(super) fn flush(&self) {
        for lines in &self.output {
            lines.lock().flush();
        }
    }
}

fn context([stdout, stderr]: &[Lines; 2], files: Option<&Path>) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder
        .stdout(stdout.clone())
        .stderr(stderr.clone())
        .max_random_size(RANDOM_OCTETS)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    if let Some(root) = files
        && let Err(error) = builder.preopened_dir(root, "/", FsPerms::ReadOnly)
    {
        tracing::warn!(root = %root.display(), %error, "the handler sees no files: their folder can't be opened");
    }
    builder.build()
}

struct Denied<'a>(&'a mut Guest);

struct HasDenied;

impl HasData for HasDenied {
    type Data<'a> = Denied<'a>;
}

impl Denied<'_> {
    fn refuse<T>(&self, what: &str) -> SocketResult<T> {
        self.0.log.denied(what);
        Err(SocketError::from(ErrorCode::AccessDenied))
    }
}

impl network::Host for Denied<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(&mut self, _: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(None)
    }
}

/// No network is ever lent to the functions below.
impl network::HostNetwork for Denied<'_> {
    fn drop(&mut self, _: Resource<Network>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl tcp_create_socket::Host for Denied<'_> {
    fn create_tcp_socket(&mut self, _: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        self.refuse("wasi:sockets create-tcp-socket")
    }
}

impl udp_create_socket::Host for Denied<'_> {
    async fn create_udp_socket(&mut self, _: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        self.refuse("wasi:sockets create-udp-socket")
    }
}

impl ip_name_lookup::Host for Denied<'_> {
    fn resolve_addresses(&mut self, _: Resource<Network>, _: String) -> SocketResult<Resource<ResolveAddressStream>> {
        self.refuse("wasi:sockets resolve-addresses")
    }
}

/// No such stream is ever made, so none of these is ever called.
impl ip_name_lookup::HostResolveAddressStream for Denied<'_> {
    fn resolve_next_address(&mut self, _: Resource<ResolveAddressStream>) -> SocketResult<Option<IpAddress>> {
        self.refuse("wasi:sockets resolve-next-address")
    }

    fn subscribe(&mut self, _: Resource<ResolveAddressStream>) -> wasmtime::Result<Resource<DynPollable>> {
        Err(wasmtime::Error::msg("there is no such stream"))
    }

    fn drop(&mut self, _: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        Ok(())
    }
}

/// Cuts what a guest prints into log lines.
#[derive(Clone)]
struct Lines(Arc<Mutex<Output>>);

/// One of standard output and error.
struct Output {
    log: Arc<GuestLog>,
    level: Level,
    partial: Vec<u8>,
}

/// A line longer than this is logged in pieces.
const PARTIAL_OCTETS: usize = 4096;

impl Lines {
    fn new(log: &Arc<GuestLog>, level: Level) -> Self {
        Self(Arc::new(Mutex::new(Output { log: log.clone(), level, partial: Vec::new() })))
    }

    fn lock(&self) -> MutexGuard<'_, Output> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output {
    fn flush(&mut self) {
        if !self.partial.is_empty() {
            self.log.line(self.level, &String::from_utf8_lossy(&self.partial));
            self.partial.clear();
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.flush();
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Lines {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<std::io::Result<usize>> {
        let mut output = self.lock();
        for piece in octets.split_inclusive(|&octet| octet == b'\n') {
            output.partial.extend_from_slice(piece.strip_suffix(b"\n").unwrap_or(piece));
            if piece.ends_with(b"\n") || output.partial.len() >= PARTIAL_OCTETS {
                output.flush();
            }
        }
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
