#!/bin/bash
# Runs the toolchain that compiles handlers, after finding or installing one.
#
#   guest-toolchain.sh cargo build …   builds for wasm32-unknown-unknown
#   guest-toolchain.sh cc …            compiles and links C for wasm32-wasi
#
# Rust: rustup's target where it is there or can be added, else Debian's rustc-web with the standard library built from
# source. C: clang with wasi-libc from Debian, else zig from PyPI. The choice is kept in target/guests, and said once.
# FRAMEWRIGHT_RUST=rustup|debian and FRAMEWRIGHT_CC=clang|zig make it by hand.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kept=$(dirname "$here")/target/guests
. "$here/install.sh"

main() {
    local tool=${1:-}
    [ $# -gt 0 ] && shift
    mkdir -p "$kept"
    case $tool in
        cargo) "cargo_$(choice rust "${FRAMEWRIGHT_RUST:-}")" "$@" ;;
        cc) "cc_$(choice c "${FRAMEWRIGHT_CC:-}")" "$@" ;;
        *) say "usage: guest-toolchain.sh cargo|cc ARGUMENT…"; exit 64 ;;
    esac
}

# choice LANGUAGE [FORCED]: prints which toolchain; finds and sets one up the first time.
choice() {
    local language=$1 forced=$2 file=$kept/$1.toolchain chosen
    if [ -n "$forced" ]; then
        "set_up_$forced"
        chosen=$forced
    elif [ -s "$file" ]; then
        chosen=$(cat "$file")
    else
        chosen=$("find_$language")
        echo "$chosen" >"$file"
    fi
    echo "$chosen"
}

find_rust() {
    if set_up_rustup; then echo rustup; else set_up_debian; echo debian; fi
}

set_up_rustup() {
    command -v rustup >/dev/null || return 1
    if ! rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown; then
        say "adding rustup's target wasm32-unknown-unknown"
        timeout 120 rustup target add wasm32-unknown-unknown >&2 || { say "rustup could not add it"; return 1; }
    fi
    say "Rust handlers: rustup's toolchain"
}

set_up_debian() {
    need rustc-web cargo-web rust-web-src lld
    say "Rust handlers: Debian's $(/usr/bin/rustc --version), standard library from source"
}

# A stack of 64 KiB, as C has it, where rustc's default is 1 MiB: what a fresh instance maps and resets is what counts.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-C link-arg=-zstack-size=65536"

cargo_rustup() { cargo "$@" --target wasm32-unknown-unknown; }

# RUSTC_BOOTSTRAP allows the one unstable option: there is no built standard library for the target. The linker is
# rustup's where there is one: Debian's is older than the compiler, though it does.
cargo_debian() {
    local linker
    linker=$(rustc --print sysroot 2>/dev/null || true)/lib/rustlib/$(uname -m)-unknown-linux-gnu/bin/rust-lld
    [ -x "$linker" ] || linker=$(command -v wasm-ld)
    env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$linker" \
        /usr/bin/cargo "$@" --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort
}

find_c() {
    if set_up_clang; then echo clang; else set_up_zig; echo zig; fi
}

set_up_clang() {
    need clang lld wasi-libc libclang-rt-dev-wasm32 || return 1
    say "C handlers: $(clang --version | head -n 1)"
}

set_up_zig() {
    if [ ! -x "$kept/zig/bin/python" ]; then
        python3 -m venv "$kept/zig" >&2 || { need python3-venv && python3 -m venv "$kept/zig" >&2; }
    fi
    "$kept/zig/bin/pip" install -q ziglang==0.17.1 >&2
    say "C handlers: zig $("$kept/zig/bin/python" -m ziglang version) from PyPI"
}

cc_clang() { clang --target=wasm32-wasi "$@"; }

cc_zig() { "$kept/zig/bin/python" -m ziglang cc -target wasm32-wasi "$@"; }

main "$@"
