#!/bin/sh
# Programs that the tests drive and PyPI does not have: Debian's browsers, dig, curl, ip; axe-core from npm. Without apt or
# root the tests that need them say so and are skipped; under CI a missing one is a failure (see conftest.py).
set -eu
cd "$(dirname "$0")/.."

apt_works() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }
apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

missing=""
wanted() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
wanted chromium chromium
wanted firefox-esr firefox-esr
wanted dig bind9-dnsutils
wanted ip iproute2
wanted curl curl
axe_there() { cmp -s node_modules/axe-core/installed package-lock.json; }
axe_there || wanted npm npm

# These two would take over the network of this machine. They are fetched, with what they need and this machine lacks, and
# not installed: namespaces.py unpacks them in a world of their own.
archives=.venv/debian
fetched() { [ -e "$archives/complete" ]; }

if [ -n "$missing" ] || ! fetched; then
    if apt_works; then
        apt-get update -qq
    else
        echo "not installed, their tests will be skipped:$missing network-manager systemd-resolved (run $0 as root)"
    fi
fi
if [ -n "$missing" ] && apt_works; then
    echo "installing for the tests:$missing"
    # shellcheck disable=SC2086
    apt_install $missing
fi
if ! fetched && apt_works; then
    echo "fetching for the tests: network-manager systemd-resolved"
    mkdir -p "$archives/partial"
    apt_install --download-only -o Dir::Cache::archives="$PWD/$archives" network-manager systemd-resolved
    touch "$archives/complete"
fi
if ! axe_there && command -v npm >/dev/null 2>&1; then
    npm ci --silent --no-audit --no-fund --ignore-scripts
    cp package-lock.json node_modules/axe-core/installed
fi
