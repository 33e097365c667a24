#!/usr/bin/env bash
# Brings the peers that the drain bench measures beside ours; without them they are skipped, and said so.
set -euo pipefail

cd "$(dirname "$0")/../benches/peers"
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    echo "bench-setup: node or npm is missing: the drain bench runs without graphile-worker and pg-boss" >&2
    exit 0
fi
npm ci --no-audit --no-fund --loglevel=error
