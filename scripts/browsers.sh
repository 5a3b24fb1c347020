#!/bin/bash
# Installs the browsers that Debian packages, and runs examples/misbehave in each: browsers.sh SERVER [OPTION]…
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname "$here")
. "$here/install.sh"

need chromium-driver firefox-esr webkit2gtk-driver xvfb xauth
server=$1
shift
exec python3 "$project/tests/browsers/run.py" "$project/examples/misbehave" "$project/target/browsers" --server "$server" "$@"
