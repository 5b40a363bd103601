#!/bin/sh
# Programs that the tests drive and PyPI does not have: Debian's browsers, dig, curl, ip, node; from npm axe-core and the
# SDK of Improv Wi-Fi. Without apt or root the tests that need them say so and are skipped; under CI a missing one is a
# failure (see conftest.py).
set -eu
cd "$(dirname "$0")/.."

apt_works() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }
apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
apt_fetch() {
    apt_install --download-only -o Dir::Cache::archives="$PWD/$archives" "$@" && touch "$archives/complete"
}

missing=""
wanted() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
wanted chromium chromium
wanted firefox-esr firefox-esr
wanted dig bind9-dnsutils
wanted ip iproute2
wanted curl curl
npm_there() { cmp -s host_tests/node_modules/.installed host_tests/package-lock.json; }
npm_there || wanted npm npm
wanted node nodejs

# These two would take over the network of this machine. They are fetched, with what they need and this machine lacks, and
# not installed: namespaces.py unpacks them in a world of their own.
archives=.venv/debian
fetched() { [ -e "$archives/complete" ]; }

# What cannot be had now is said, and left to the tests to judge.
if [ -n "$missing" ] || ! fetched; then
    if apt_works && apt-get update -qq; then
        echo "for the tests: installing${missing:- nothing}, fetching network-manager systemd-resolved"
        # shellcheck disable=SC2086
        [ -z "$missing" ] || apt_install $missing || echo "not installed:$missing"
        mkdir -p "$archives/partial"
        fetched || apt_fetch network-manager systemd-resolved || echo "not fetched: network-manager systemd-resolved"
    else
        echo "not installed, their tests will be skipped:$missing network-manager systemd-resolved (run $0 as root)"
    fi
fi
if ! npm_there && command -v npm >/dev/null 2>&1; then
    if npm ci --prefix host_tests --silent --no-audit --no-fund --ignore-scripts; then
        cp host_tests/package-lock.json host_tests/node_modules/.installed
    else
        echo "not installed: axe-core improv-wifi-serial-sdk"
    fi
fi
