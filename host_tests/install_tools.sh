#!/bin/sh
# Programs that the tests drive and PyPI does not have: Debian's Chromium, dig, curl. Without apt or root the tests
# that need them say so and are skipped; under CI a missing one is a failure (see conftest.py).
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v dig >/dev/null 2>&1 || missing="$missing bind9-dnsutils"
command -v ip >/dev/null 2>&1 || missing="$missing iproute2"
command -v curl >/dev/null 2>&1 || missing="$missing curl"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing for the tests:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "not installed, their tests will be skipped:$missing (as root: apt-get install$missing)"
fi
