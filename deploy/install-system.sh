#!/bin/sh
# Installs one program with the system's package manager, and says so.
# Usage: deploy/install-system.sh mosquitto|chromium|python-venv|compiler|sqlite3|openssl
set -eu

what=${1:-}
case $what in
    mosquitto) debian=mosquitto other=mosquitto ;;
    # Ubuntu's package of this name only points to a snap; its users install a browser themselves.
    chromium) debian=chromium other=chromium ;;
    # Only Debian and its relatives split it from Python.
    python-venv) debian=python3-venv other=python3 ;;
    # With the C library's headers, which some systems pack apart.
    compiler) debian="gcc libc6-dev" other=gcc ;;
    sqlite3) debian=sqlite3 other=sqlite ;;
    openssl) debian=openssl other=openssl ;;
    *) echo "usage: $0 mosquitto|chromium|python-venv|compiler|sqlite3|openssl" >&2; exit 2 ;;
esac

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "$what is missing, and this user may not install it (there is no sudo)." >&2
        echo "As root, install the package ($debian on Debian, else $other) and run this again." >&2
        exit 1
    fi
}

announce() {
    echo "$what is missing: installing it with $1"
}

if command -v apt-get >/dev/null; then
    announce apt-get
    as_root apt-get update -q
    # A browser shows little without what its package recommends: fonts.
    lean=--no-install-recommends
    [ "$what" != chromium ] || lean=
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y $lean $debian
elif command -v dnf >/dev/null; then
    announce dnf
    [ "$what" != compiler ] || other="gcc glibc-devel"
    # shellcheck disable=SC2086
    as_root dnf install -q -y $other
elif command -v apk >/dev/null; then
    announce apk
    [ "$what" != compiler ] || other="gcc musl-dev"
    # shellcheck disable=SC2086
    as_root apk add --quiet $other
elif command -v brew >/dev/null; then
    announce brew
    brew install --quiet "$other"
else
    echo "$what is missing and no known package manager (apt-get, dnf, apk, brew) is here." >&2
    echo "Install it and run this again." >&2
    exit 1
fi

if [ "$what" = mosquitto ]; then
    echo "Some systems now also run Mosquitto as a service on port 1883; AeroStream's tests and"
    echo "demo start their own and do not need it."
fi
