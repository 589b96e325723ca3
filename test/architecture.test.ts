/** The rooms of src/ and who may import whom: imports point one way. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { VERSION } from '../src/core/version.ts';
import { describe, expect, test } from './support/jest.ts';

const SRC = resolve('src');

/** Each room with the rooms it may import; a file directly in src/ is a room of its own. */
const ALLOWED: Record<string, readonly string[]> = {
  host: [],
  core: ['host'],
  linalg: ['host', 'core'],
  multivector: ['core', 'linalg'],
  linops: ['core', 'linalg', 'multivector'],
  stats: ['core'],
  spectrum: ['core', 'linalg', 'multivector', 'linops'],
  sketch: ['host', 'core', 'linalg', 'multivector', 'linops'],
  krylov: ['core', 'linalg', 'multivector', 'linops', 'stats', 'spectrum', 'sketch'],
  apost: ['core', 'linalg', 'multivector', 'linops', 'stats', 'spectrum', 'sketch', 'krylov'],
  traces: ['core', 'linalg', 'multivector', 'linops', 'stats', 'sketch', 'apost', 'krylov'],
  solvers: ['core', 'linalg', 'multivector', 'linops'],
  seigh: ['core', 'linalg', 'multivector', 'linops', 'stats', 'spectrum', 'sketch', 'apost', 'krylov'],
  eigsh: ['core', 'linalg', 'multivector', 'linops', 'stats', 'spectrum', 'krylov', 'solvers'],
  hdf5: ['core', 'linalg', 'multivector'],
  files: ['core', 'linalg', 'multivector', 'linops', 'hdf5'],
  store: ['core', 'linalg', 'multivector', 'linops', 'spectrum', 'sketch', 'apost', 'krylov', 'seigh', 'eigsh', 'hdf5'],
  // store only when it is asked for: everybody else never loads HDF5
  'on-demand.ts': ['seigh', 'eigsh'],
  'eigsh.ts': ['core', 'linalg', 'multivector', 'linops', 'krylov', 'eigsh', 'store', 'on-demand.ts'],
  'seigh.ts': ['core', 'linops', 'spectrum', 'apost', 'seigh', 'store', 'on-demand.ts'],
  'ssvd.ts': ['core', 'linalg', 'multivector', 'linops', 'sketch'],
  'index.ts': [
    'core',
    'linalg',
    'multivector',
    'linops',
    'stats',
    'spectrum',
    'apost',
    'sketch',
    'krylov',
    'traces',
    'solvers',
    'seigh',
    'eigsh',
    'eigsh.ts',
    'seigh.ts',
    'ssvd.ts',
  ],
  remote: ['core', 'linalg', 'linops'],
  report: ['host', 'core', 'linalg', 'multivector', 'stats', 'spectrum', 'krylov', 'apost', 'eigsh'],
  // files, remote and tfjs only when an operator or a model of theirs is given
  cli: ['core', 'linalg', 'multivector', 'linops', 'spectrum', 'sketch', 'krylov', 'apost', 'traces', 'solvers'].concat(
    ['seigh', 'eigsh', 'store', 'files', 'remote', 'tfjs', 'ssvd.ts'],
    'eigsh.ts',
    'seigh.ts',
    'report',
  ),
  tfjs: ['host', 'core', 'linalg', 'linops'],
  testing: ['core', 'linalg', 'linops'],
};

/** Packages beyond node: and who may import them. */
const PACKAGES: Record<string, readonly string[]> = {
  'ml-matrix': ['linalg'],
  h5wasm: ['hdf5'],
  fflate: ['files'],
  '@tensorflow': ['tfjs'],
  vega: ['report'],
  '@resvg': ['report'],
};

/** The folders of tfjs/ in the same way; a file directly in it is a folder of its own. */
const ALLOWED_IN_TFJS: Record<string, readonly string[]> = {
  backends: [],
  autodiff: ['backends'],
  repairs: ['autodiff', 'backends'],
  problem: ['autodiff', 'backends'],
  operators: ['autodiff', 'backends', 'problem', 'repairs'],
  datasets: [],
  models: ['backends', 'problem'],
  'use-backend.ts': ['backends', 'repairs'],
  'index.ts': ['autodiff', 'backends', 'datasets', 'models', 'operators', 'problem', 'use-backend.ts'],
};

function filesUnder(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) return filesUnder(path);
    return path.endsWith('.ts') && !path.endsWith('.d.ts') ? [path] : [];
  });
}

const roomOf = (path: string, within = SRC): string => relative(within, path).split('/')[0]!;
const packageOf = (specifier: string): string => specifier.split('/')[0]!;

const { imports: ALIASES, version } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  imports: Record<string, Record<'browser' | 'default', string>>;
  version: string;
};

/** The source file of an emitted one. */
const emittedFrom = (path: string): string => resolve(path.replace('./dist/', '').replace(/\.js$/, '.ts'));

/** What an import by a name such as `#host` means, as a path relative to the file that imports it. */
function sourceOf({ file, specifier }: { file: string; specifier: string }): string {
  const path = relative(join(SRC, dirname(file)), emittedFrom(ALIASES[specifier]!.default));
  return path.startsWith('.') ? path : `./${path}`;
}

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
const inCode = imports
  .filter(({ specifier }) => !specifier.startsWith('eigensketch'))
  // a name of package.json's imports stands for what it is in Node: a page's part is in the same room
  .map((each) => ({ ...each, specifier: each.specifier.startsWith('#') ? sourceOf(each) : each.specifier }));

test('every room of src/ is in the table', () => {
  expect(Object.keys(ALLOWED).sort()).toEqual([...new Set(files.map((path) => roomOf(path)))].sort());
});

/** Imports from one room of a folder in another room of it. */
function importsBetween(folder: string): { file: string; room: string; target: string }[] {
  return inCode
    .filter(({ file, specifier }) => specifier.startsWith('.') && resolve(SRC, file).startsWith(folder))
    .map(({ file, specifier }) => ({ file, path: resolve(SRC, dirname(file), specifier) }))
    .filter(({ path }) => path.startsWith(folder))
    .map(({ file, path }) => ({ file, room: roomOf(resolve(SRC, file), folder), target: roomOf(path, folder) }))
    .filter(({ room, target }) => target !== room);
}

const TFJS = join(SRC, 'tfjs');

test('every folder of tfjs/ is in the table', () => {
  const folders = files.filter((path) => path.startsWith(TFJS)).map((path) => roomOf(path, TFJS));
  expect(Object.keys(ALLOWED_IN_TFJS).sort()).toEqual([...new Set(folders)].sort());
});

describe.each([
  ['src/', ALLOWED, importsBetween(SRC)],
  ['src/tfjs/', ALLOWED_IN_TFJS, importsBetween(TFJS)],
] as const)('%s', (_, allowed, between) => {
  test('a room imports only itself and the rooms that the table allows', () => {
    const wrong = between
      .filter(({ room, target }) => !allowed[room]!.includes(target))
      .map(({ file, target }) => `${file} imports ${target}`);
    expect(wrong).toEqual([]);
  });

  test('the table allows nothing that no file uses', () => {
    const unused = Object.entries(allowed).flatMap(([room, targets]) =>
      targets
        .filter((target) => !between.some((each) => each.room === room && each.target === target))
        .map((target) => `${room} no longer imports ${target}`),
    );
    expect(unused).toEqual([]);
  });

  test('rooms form no circle', () => {
    const reaches = (from: string, goal: string, seen: Set<string>): boolean =>
      (allowed[from] ?? []).some((next) => {
        if (next === goal) return true;
        if (seen.has(next)) return false;
        seen.add(next);
        return reaches(next, goal, seen);
      });
    expect(Object.keys(allowed).filter((room) => reaches(room, room, new Set()))).toEqual([]);
  });
});

/** A file without its comments, in which backends are spoken of by name. */
const codeOf = (path: string): string =>
  readFileSync(path, 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '');

test('backends of TensorFlow.js are told apart by name in tfjs/backends/ only', () => {
  const outside = files.filter((path) => !path.startsWith(join(TFJS, 'backends')));
  const compared = outside.filter((path) => /getBackend\(\)\s*[!=]==|[!=]==\s*getBackend\(\)/.test(codeOf(path)));
  // starting one must see whether it is the one in use now
  expect(compared.map((path) => relative(SRC, path))).toEqual(['tfjs/use-backend.ts']);
  const named = outside.filter(
    (path) => path.startsWith(TFJS) && /'(?:cpu|wasm|webgpu|tensorflow)'/.test(codeOf(path)),
  );
  expect(named.map((path) => relative(SRC, path))).toEqual(['tfjs/use-backend.ts']);
});

/** Folders of `store/` with those they may import; what they share lies in `store/` itself, which imports none of them. */
const STORE: Record<string, readonly string[]> = {
  '.': [],
  sketch: ['.'],
  accuracy: ['.'],
  search: ['.'],
  cluster: ['.', 'sketch'],
  // what `#store` is
  drivers: ['accuracy', 'sketch', 'search'],
};

test('folders of store/ form no circle: what they share is in store/ itself', () => {
  const folderOf = (file: string): string => (dirname(file) === 'store' ? '.' : file.split('/')[1]!);
  const inside = inCode
    .filter(({ room, specifier }) => room === 'store' && specifier.startsWith('.'))
    .map(({ file, specifier }) => ({ file, target: relative(SRC, resolve(SRC, dirname(file), specifier)) }))
    .filter(({ target }) => target.startsWith('store/'));
  expect(
    [
      ...new Set(
        files
          .map((path) => relative(SRC, path))
          .filter((file) => file.startsWith('store/'))
          .map(folderOf),
      ),
    ].sort(),
  ).toEqual(Object.keys(STORE).sort());
  const wrong = inside
    .filter(
      ({ file, target }) => folderOf(file) !== folderOf(target) && !STORE[folderOf(file)]!.includes(folderOf(target)),
    )
    .map(({ file, target }) => `${file} imports ${target}`);
  expect(wrong).toEqual([]);
});

test.each(['seigh.ts', 'eigsh.ts'])(
  'store, and HDF5 with it, is loaded by %s only when a directory is given',
  (driver) => {
    const imports = readFileSync(join(SRC, driver), 'utf8').matchAll(/^import .*'(?:\.\/store\/.*|#store)'.*$/gm);
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

/** Every file that is reached from an entry, imports of both kinds followed as under the condition `browser`. */
function reachedInPages(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (files.has(path)) return;
    files.add(path);
    const code = readFileSync(path, 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
    for (const [statement, specifier] of code.matchAll(/(?:^(?:import|export)\b[^;]*?from\s*|import\()'([^']+)'/gm)) {
      if (/^(?:import|export) type\b/.test(statement)) continue;
      if (specifier!.startsWith('#')) visit(emittedFrom(ALIASES[specifier!]!.browser));
      else if (specifier!.endsWith('/worker-source.js')) continue;
      else if (specifier!.startsWith('.')) visit(resolve(dirname(path), specifier!));
      else packages.add(specifier!);
    }
  };
  visit(resolve(entry));
  return { files, packages };
}

describe.each(['src/index.ts', 'src/tfjs/index.ts', 'src/report/index.ts', 'src/testing/index.ts'])(
  'in a page %s',
  (entry) => {
    const { files, packages } = reachedInPages(entry);

    test('reaches nothing that only Node has', () => {
      expect([...packages].filter((name) => name.startsWith('node:') || builtinModules.includes(name))).toEqual([]);
      const rooms = new Set([...files].map((path) => roomOf(path)));
      expect([...rooms].filter((room) => ['hdf5', 'files', 'remote', 'cli'].includes(room))).toEqual([]);
      // what each would tell of its process, or find beside itself
      const wrong = [...files].filter((path) =>
        /\bprocess\.(?:env|argv|version|platform|arch|emit|std)|\bBuffer\.|import\.meta/.test(codeOf(path)),
      );
      expect(wrong.map((path) => relative(SRC, path))).toEqual([]);
    });

    test('reaches no package that is not made for pages', () => {
      const known = ['@tensorflow/tfjs-core', 'vega'];
      expect([...packages].filter((name) => !known.includes(name))).toEqual([]);
    });
  },
);

test('each name of package.json is a file for Node and one for pages, of one room', () => {
  for (const { browser, default: node } of Object.values(ALIASES)) {
    const [inPage, inNode] = [emittedFrom(browser), emittedFrom(node)];
    expect(files).toEqual(expect.arrayContaining([inPage, inNode]));
    expect(roomOf(inPage)).toBe(roomOf(inNode));
  }
});

test('the version that the code knows is that of the package', () => {
  expect(VERSION).toBe(version);
});

test.each(['src/linalg/kernels/wasm', 'src/tfjs/backends/wasm/heap-kernels'])(
  'the module embedded in %s is made from its sources as they are: else npm run build:wasm',
  async (room) => {
    const { hashOfSources } = (await import(pathToFileURL(resolve('.ci/hash-of-sources.js')).href)) as {
      hashOfSources(folder: string): string;
    };
    expect(readFileSync(`${room}/embedded.ts`, 'utf8')).toContain(hashOfSources(`${room}/assembly`));
  },
);

test('a file is as long as its one topic: at most 400 lines', () => {
  const long = files
    .map((path) => ({ file: relative(SRC, path), lines: readFileSync(path, 'utf8').split('\n').length - 1 }))
    .filter(({ lines }) => lines > 400);
  expect(long).toEqual([]);
});

test('every file says in its first lines what it is for', () => {
  const silent = files
    .filter((path) => !readFileSync(path, 'utf8').startsWith('/**'))
    .map((path) => relative(SRC, path));
  expect(silent).toEqual([]);
});

test('tests take describe, test, expect and hooks from test/support/jest.ts', () => {
  const others = filesUnder('test').filter((path) => /^import \{.*'@jest\/globals'/m.test(readFileSync(path, 'utf8')));
  expect(others).toEqual([]);
});
