#!/bin/bash
# python-venv.sh FOLDER REQUIREMENTS: a virtual environment with what builds the Python runtime, checked by hash.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/install.sh"

folder=$1 requirements=$2
python3 -m venv "$folder/venv" >&2 || { need python3-venv && python3 -m venv "$folder/venv" >&2; }
"$folder/venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r "$requirements" >&2
touch "$folder/ready"
