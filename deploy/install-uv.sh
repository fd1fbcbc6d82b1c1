#!/bin/sh
# Installs uv into the virtual environment FOLDER, with any Python from 3.11 on.
# Usage: deploy/install-uv.sh FOLDER
set -eu

folder=$1
here=$(dirname "$0")

find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed and was not found." >&2
    return 1
}

python=$(find_python)
# Debian and Ubuntu ship Python without what fills a new environment with pip.
"$python" -c 'import ensurepip, venv' 2>/dev/null || "$here/install-system.sh" python-venv
echo "uv is missing: installing it into $folder"
rm -rf "$folder"
"$python" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet 'uv>=0.9'
