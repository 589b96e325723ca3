#!/usr/bin/env bash
# Packs Node, the build and what it needs at run time, for a Linux host of the same kind that has neither Node nor npm.
#   bench/pack.sh OUT.tar.gz        after npm install and npm run build
# On the host:
#   tar xzf OUT.tar.gz && cd eigensketch && ./node dist/bench/run.js gpu --repeats 1
set -euo pipefail
out=$(realpath -m "${1:?usage: bench/pack.sh OUT.tar.gz}")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
app=$work/eigensketch
mkdir -p "$app/bench/results"
cp "$(realpath "$(command -v node)")" "$app/node"
cp -r package.json README.md dist test bench "$app/"
# everything but the tools of the build and the tests
mkdir "$app/node_modules"
tar -C node_modules -c -h \
  --exclude='*.map' --exclude='*.d.ts' --exclude='*.min.js' --exclude='./webgpu/dist/darwin*' --exclude='./webgpu/dist/win32*' \
  $(cd node_modules && for name in ./@tensorflow ./webgpu ./koffi ./@koromix ./h5wasm ./ml-matrix ./ml-array-* ./is-any-array \
    ./pure-rand ./jstat ./long ./seedrandom ./regenerator-runtime ./@types ./argparse ./chalk ./core-js ./yargs ./node-fetch \
    ./whatwg-url ./tr46 ./webidl-conversions ./string_decoder ./safe-buffer ./string-width ./ansi-* ./supports-color ./has-flag \
    ./color-* ./escape-* ./get-caller-file ./require-directory ./y18n ./cliui ./yargs-parser ./wrap-ansi ./strip-ansi \
    ./emoji-regex ./is-fullwidth-code-point ./@webgpu ./esprima ./sprintf-js; do [ -e "$name" ] && echo "$name"; done) |
  tar -C "$app/node_modules" -x
tar -C "$work" -czf "$out" eigensketch
du -h "$out"
