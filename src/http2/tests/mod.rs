//! Connections in memory: transcripts of what a client sends and what it gets.

mod closing;
mod plain;
mod raw;
mod raw_shared;
mod raw_waiting;
mod raw_windows;
mod requests;
mod responses;
mod support;
mod windows;
