#!/usr/bin/env bash
# Packs Node, the build and the modules it needs at run time, for a Linux host of the same kind without Node, npm, network.
#   bench/pack.sh OUT.tar.gz        in a checkout after npm install (and npm run build, if anything changed)
# On the host:
#   tar xzf OUT.tar.gz && cd eigensketch && ./node dist/bench/run.js gpu --repeats 1
set -euo pipefail
out=$(realpath -m "${1:?usage: bench/pack.sh OUT.tar.gz}")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
app=$work/eigensketch
mkdir -p "$app/node_modules" "$app/bench/results" "$app/test"
cp "$(realpath "$(command -v node)")" "$app/node"
cp -r package.json README.md LICENSE dist "$app/"
cp -r bench/peers "$app/bench/"
cp -r test/reference "$app/test/"
# the dependencies, TensorFlow.js, its backends and WebGPU, with all that they need in turn
modules=$(node -e '
  const { existsSync, readFileSync } = require("node:fs");
  const found = new Set();
  const add = (name) => {
    const path = `node_modules/${name}/package.json`;
    if (found.has(name) || !existsSync(path)) return;
    found.add(name);
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(path));
    for (const each of Object.keys({ ...dependencies, ...optionalDependencies })) add(each);
  };
  const own = JSON.parse(readFileSync("package.json"));
  const peers = ["tfjs", "tfjs-core", "tfjs-backend-wasm", "tfjs-backend-webgpu"].map((name) => `@tensorflow/${name}`);
  for (const name of [...Object.keys({ ...own.dependencies, ...own.optionalDependencies }), ...peers, "webgpu"]) add(name);
  console.log([...found].filter((name) => !name.startsWith("@types/")).join("\n"));
')
tar -C node_modules -ch --exclude='*.map' --exclude='*.d.ts' --exclude='*.min.js' --exclude='webgpu/dist/darwin*' \
  --exclude='webgpu/dist/win32*' --exclude='webgpu/build' --exclude='*.fesm.js' --exclude='*.es2017.js' $modules |
  tar -C "$app/node_modules" -x
tar -C "$work" -czf "$out" eigensketch
du -h "$out"
