//! Makes the fixture need 2 MiB of memory from its start, for the tests of a limit below that.

fn main() {
    println!("cargo:rustc-link-arg-cdylib=--initial-memory=2097152");
}
