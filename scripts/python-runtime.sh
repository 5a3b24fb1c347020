#!/bin/bash
# python-runtime.sh VENV APP RESULT: makes a component of the Python runtime in the folder APP.
set -euo pipefail

venv=$1 app=$2 result=$3
mkdir -p "$(dirname "$result")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A copy: the tests have no business in the snapshot, nor what ran before.
cp -r "$app" "$work/app"
rm -rf "$work/app/tests"
find "$work/app" -name __pycache__ -prune -exec rm -rf {} +
"$venv/bin/componentize-py" -q -d wit -w script-runtime componentize -p "$work/app" app -o "$work/runtime.wasm"
mv "$work/runtime.wasm" "$result"
