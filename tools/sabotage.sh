#!/bin/sh
# How does a broken Troth look? Starts one that is broken in exactly one named way, on a throwaway data folder.
set -eu
cd "$(dirname "$0")/.."
name="${1:-}" port="${2:-8050}"

if [ -z "$name" ]; then
    echo "name one:  make sabotage NAME=skip-consent"
    exec .venv/bin/troth sabotage list
fi
if ! .venv/bin/troth sabotage list --json | grep -q "\"name\": \"$name\""; then
    echo "there is no sabotage \`$name\`; these are:" >&2
    .venv/bin/troth sabotage list >&2
    exit 1
fi

rm -rf data-sabotage data-sabotage-secrets data-sabotage-tape
echo "broken on purpose: $name"
echo "its proofs run as soon as it is up; in a minute see what turned red at"
echo "  http://127.0.0.1:$port/infinity/promises"
echo "stop it with Ctrl-C; nothing of it touches your own data folder"
exec .venv/bin/troth run --data data-sabotage --port "$port" --demo --sabotage "$name"
