#!/bin/bash
# cargo-tool.sh NAME VERSION ARGUMENT…: runs a cargo subcommand, installed into target/tools if it isn't on PATH.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=$(dirname "$here")/target/tools
. "$here/install.sh"

name=$1 version=$2
shift 2
export PATH="$PATH:$tools/bin"
if ! command -v "cargo-$name" >/dev/null; then
    say "installing cargo-$name $version into target/tools"
    # It runs once and briefly: time to compile it counts for more than its speed.
    CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        cargo install --quiet --locked --root "$tools" "cargo-$name@$version"
fi
exec cargo "$name" "$@"
