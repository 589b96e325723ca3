/** The rooms of src/ and who may import whom: imports point one way. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const SRC = resolve('src');

/** Each room with the rooms it may import; a file directly in src/ is a room of its own. */
const ALLOWED: Record<string, readonly string[]> = {
  core: [],
  linalg: ['core'],
  multivector: ['core', 'linalg'],
  linops: ['core', 'linalg', 'multivector'],
  stats: ['core'],
  spectrum: ['core', 'linalg', 'multivector', 'linops'],
  sketch: ['core', 'multivector', 'linops'],
  krylov: ['core', 'linalg', 'multivector', 'linops', 'stats', 'spectrum', 'sketch'],
  apost: ['core', 'linalg', 'multivector', 'linops', 'stats', 'sketch', 'krylov'],
  traces: ['core', 'linalg', 'multivector', 'linops', 'stats', 'sketch', 'apost', 'krylov'],
  solvers: ['core', 'linalg', 'multivector', 'linops'],
  seigh: ['core', 'linalg', 'multivector', 'linops', 'stats', 'spectrum', 'sketch', 'apost', 'krylov'],
  eigsh: ['core', 'linalg', 'linops', 'spectrum', 'krylov'],
  hdf5: ['core', 'multivector'],
  files: ['core', 'linalg', 'multivector', 'linops', 'hdf5'],
  store: ['core', 'linalg', 'multivector', 'linops', 'spectrum', 'sketch', 'apost', 'krylov', 'seigh', 'eigsh', 'hdf5'],
  // store only when it is asked for: everybody else never loads HDF5
  'eigsh.ts': ['core', 'linalg', 'multivector', 'linops', 'krylov', 'eigsh', 'store'],
  'seigh.ts': ['core', 'multivector', 'linops', 'spectrum', 'sketch', 'seigh', 'store'],
  'ssvd.ts': ['core', 'linalg', 'multivector', 'linops', 'sketch'],
  'index.ts': [
    'core',
    'linalg',
    'multivector',
    'linops',
    'stats',
    'spectrum',
    'apost',
    'krylov',
    'traces',
    'solvers',
    'seigh',
    'eigsh',
    'eigsh.ts',
    'seigh.ts',
    'ssvd.ts',
  ],
  remote: ['core', 'linops'],
  report: ['core', 'stats', 'spectrum', 'apost'],
  cli: ['core', 'linalg', 'linops', 'spectrum', 'apost', 'seigh', 'eigsh', 'store', 'eigsh.ts', 'seigh.ts', 'report'],
  tfjs: ['core', 'linalg', 'linops'],
  testing: ['core', 'linalg', 'linops'],
};

/** Packages beyond node: and who may import them. */
const PACKAGES: Record<string, readonly string[]> = {
  'fastest-levenshtein': ['core'],
  'ml-matrix': ['linalg'],
  'pure-rand': ['core'],
  jstat: ['stats'],
  h5wasm: ['hdf5'],
  fflate: ['files'],
  '@tensorflow': ['tfjs'],
  vega: ['report'],
  '@resvg': ['report'],
};

function filesUnder(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) return filesUnder(path);
    return path.endsWith('.ts') && !path.endsWith('.d.ts') ? [path] : [];
  });
}

const roomOf = (path: string): string => relative(SRC, path).split('/')[0]!;
const packageOf = (specifier: string): string => specifier.split('/')[0]!;

interface Import {
  file: string;
  room: string;
  specifier: string;
}

const files = filesUnder(SRC);
const imports: Import[] = files.flatMap((path) => {
  const statements = readFileSync(path, 'utf8').matchAll(/(?:from|import\(|import)\s*'([^']+)'/g);
  return Array.from(statements, ([, specifier]) => ({
    file: relative(SRC, path),
    room: roomOf(path),
    specifier: specifier!,
  }));
});

// what stands in an example inside a comment is not an import of the file
const inCode = imports.filter(({ specifier }) => !specifier.startsWith('eigensketch'));

test('every room of src/ is in the table', () => {
  expect(Object.keys(ALLOWED).sort()).toEqual([...new Set(files.map(roomOf))].sort());
});

const between = inCode
  .filter(({ specifier }) => specifier.startsWith('.'))
  .map((each) => ({ ...each, target: roomOf(resolve(SRC, dirname(each.file), each.specifier)) }))
  .filter(({ room, target }) => target !== room);

test('a room imports only itself and the rooms that the table allows', () => {
  const wrong = between
    .filter(({ room, target }) => !ALLOWED[room]!.includes(target))
    .map(({ file, target }) => `${file} imports ${target}`);
  expect(wrong).toEqual([]);
});

test('the table allows nothing that no file uses', () => {
  const unused = Object.entries(ALLOWED).flatMap(([room, targets]) =>
    targets
      .filter((target) => !between.some((each) => each.room === room && each.target === target))
      .map((target) => `${room} no longer imports ${target}`),
  );
  expect(unused).toEqual([]);
});

test('rooms form no circle', () => {
  const reaches = (from: string, goal: string, seen: Set<string>): boolean =>
    (ALLOWED[from] ?? []).some((next) => {
      if (next === goal) return true;
      if (seen.has(next)) return false;
      seen.add(next);
      return reaches(next, goal, seen);
    });
  expect(Object.keys(ALLOWED).filter((room) => reaches(room, room, new Set()))).toEqual([]);
});

test.each(['seigh.ts', 'eigsh.ts'])(
  'store, and HDF5 with it, is loaded by %s only when a directory is given',
  (driver) => {
    const imports = readFileSync(join(SRC, driver), 'utf8').matchAll(/^import .*'\.\/store\/.*$/gm);
    expect([...imports]).toEqual([]);
  },
);

test('each package is imported in its own room only', () => {
  const wrong = inCode
    .filter(({ specifier }) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
    .filter(({ room, specifier }) => !PACKAGES[packageOf(specifier)]?.includes(room))
    .map(({ file, specifier }) => `${file} imports ${specifier}`);
  expect(wrong).toEqual([]);
});

test('files stay small: at most 250 lines', () => {
  const long = files
    .map((path) => ({ file: relative(SRC, path), lines: readFileSync(path, 'utf8').split('\n').length - 1 }))
    .filter(({ lines }) => lines > 250);
  expect(long).toEqual([]);
});

test('every file says in its first lines what it is for', () => {
  const silent = files
    .filter((path) => !readFileSync(path, 'utf8').startsWith('/**'))
    .map((path) => relative(SRC, path));
  expect(silent).toEqual([]);
});
