#!/bin/bash
# Runs a checkout's tests in Chromium, which this installs, and compares: wpt.sh CHECKOUT [NAME…] [OPTION…]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname "$here")
. "$here/install.sh"

if [ -z "${1-}" ]; then
    say "which checkout? make wpt CHECKOUT=FOLDER"
    exit 64
fi
command -v chromium >/dev/null || command -v google-chrome >/dev/null || need chromium
exec python3 "$project/tests/browser/wpt.py" "$@"
