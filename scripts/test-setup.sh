#!/usr/bin/env bash
# Brings what the tests lack, and says what it can't bring.
#
# The tests run on SQLite, which is compiled in, and on PostgreSQL: the server of TEST_DATABASE_URL where set, else
# a throw-away server of their own, for which the PostgreSQL programs must be installed. They need not be running.
# The pages are looked at in Chromium, which Node.js drives, and a mail server for Node.js takes what people get: tests/browser.
set -euo pipefail

say() { printf 'test-setup: %s\n' "$*" >&2; }

have_postgres() {
    command -v initdb >/dev/null 2>&1 && return 0
    # Debian keeps the server's programs out of PATH.
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

have_chromium() {
    [ -n "${CHROMIUM:-}" ] || [ -x /usr/bin/chromium ] || [ -x /usr/bin/chromium-browser ] || [ -x /usr/bin/google-chrome ]
}

have_node() {
    command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1
}

# What Debian calls it, package by package.
install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 || return 1
        as_root=(sudo)
        # Where nobody sits in front of it, a question for a password would wait for ever.
        [ -t 0 ] || as_root=(sudo -n)
    fi
    say "installing $* with apt-get"
    "${as_root[@]}" apt-get update -qq &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

command -v cargo >/dev/null 2>&1 || {
    say "Rust is missing: install it from https://www.rust-lang.org/tools/install"
    exit 1
}

if [ -n "${TEST_DATABASE_URL:-}" ]; then
    say "the tests use the PostgreSQL server of TEST_DATABASE_URL"
elif have_postgres || { install postgresql && have_postgres; }; then
    :
else
    say "PostgreSQL is missing and could not be installed here. Either"
    say "  - install its server programs (macOS: brew install postgresql; Fedora: dnf install postgresql-server), or"
    say "  - set TEST_DATABASE_URL=postgres://user:password@host/name, with a role that may create databases."
    exit 1
fi

have_node || { install nodejs npm && have_node; } || {
    say "Node.js (20 or later) or npm is missing and could not be installed here: https://nodejs.org/en/download"
    exit 1
}

have_chromium || { install chromium fonts-dejavu-core && have_chromium; } || {
    say "Chromium is missing and could not be installed here. Install it, and where it is not in /usr/bin,"
    say "say where: CHROMIUM=/path/to/chromium make test"
    exit 1
}

# As the lock file says, and only where they are not there yet.
cd "$(dirname "$0")/../tests/browser"
if ! cmp -s package-lock.json node_modules/.installed-from; then
    say "installing what drives the browser and takes mail with npm"
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed-from
fi
