#!/bin/bash
# Installs the clients that the tests drive the server with: curl, nghttp, nghttpd, Chromium, and Python's h2 in a
# virtual environment of its own (target/venv).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$(dirname "$here")/target/venv
. "$here/install.sh"

need curl nghttp2-client nghttp2-server
command -v chromium >/dev/null || command -v google-chrome >/dev/null || need chromium

if ! "$venv/bin/python" -c 'import h2' 2>/dev/null; then
    say "installing Python's h2 into target/venv"
    rm -rf "$venv"
    python3 -m venv "$venv" 2>/dev/null || { need python3-venv && python3 -m venv "$venv"; }
    "$venv/bin/pip" install -q h2==4.3.0
fi
