#!/bin/sh
# Is everything there that this step needs? `run`: a virtual environment with what running needs. `test`: what
# tests and benches need on top. `programs`: the programs that tests drive. Installs what it may, names what it may not.
set -eu
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

apt_install() {
    echo "installing $* ..."
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null </dev/null
}

python_of_ours() {
    for candidate in "${PYTHON:-python3}" python3.11 python3.12 python3.13 python3.14; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Troth needs Python 3.11 or later, and there is none on the path; name one with PYTHON=/path/to/python3" >&2
    exit 1
}

make_environment() {
    [ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1 && return
    python=$(python_of_ours)
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        if ! may_install || ! apt_install "$package"; then
            echo "Python's venv module is missing. Install it as root, then run this again:  apt-get install $package" >&2
            exit 1
        fi
    fi
    "$python" -m venv --clear .venv
}

pip_install() { .venv/bin/python -m pip install --quiet --no-input "$@"; }

case "${1:-}" in
run)
    echo "setting up .venv (once, a minute or two) ..."
    make_environment
    pip_install --require-hashes -r constraints.txt
    pip_install --no-deps --no-build-isolation -e .
    touch .venv/ready
    ;;
test)
    echo "adding what tests and benches need ..."
    pip_install --require-hashes -r constraints-test.txt
    touch .venv/ready-test
    ;;
programs)
    missing=""
    for pair in chromium:chromium node:nodejs npm:npm; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
    done
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086  # a list of words
        if ! may_install || ! apt_install $missing; then
            echo "Missing for some tests, which are skipped (in CI they fail). Install as root:  apt-get install$missing" >&2
        fi
    fi
    ;;
*)
    echo "usage: tools/prepare.sh run|test|programs" >&2
    exit 2
    ;;
esac
