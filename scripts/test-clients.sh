#!/bin/bash
# Installs what the tests drive the server with or compare it to: curl, nghttp, nghttpd, Chromium, and Python's h2 and
# wptserve in a virtual environment of their own (target/venv).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname "$here")
venv=$project/target/venv
wanted=$project/tests/clients/requirements.txt
. "$here/install.sh"

need curl nghttp2-client nghttp2-server openssl
command -v chromium >/dev/null || command -v google-chrome >/dev/null || need chromium

# The list is copied last, so that half an installation counts for none.
if ! cmp -s "$wanted" "$venv/requirements.txt"; then
    say "installing Python's h2 and wptserve into target/venv"
    rm -rf "$venv"
    mkdir -p "$(dirname "$venv")"
    python3 -m venv "$venv" >/dev/null 2>&1 || { need python3-venv && rm -rf "$venv" && python3 -m venv "$venv"; }
    "$venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps -r "$wanted"
    cp "$wanted" "$venv/requirements.txt"
fi
