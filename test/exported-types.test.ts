/** The declarations that users see: every type that a public signature names is exported, everything exported is explained. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const ENTRIES = ['index', 'tfjs/index', 'hdf5/index', 'report/index', 'testing/index', 'files/index', 'remote/index'];

interface Declaration {
  name: string;
  /** From the first word of the declaration to its end. */
  text: string;
  documented: boolean;
}

/** Top-level declarations of a .d.ts file as tsc lays them out: each begins a line, members are indented by four. */
function declarationsOf(file: string): Map<string, Declaration> {
  const lines = readFileSync(file, 'utf8').split('\n');
  const found = new Map<string, Declaration>();
  for (const [i, line] of lines.entries()) {
    const name =
      /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const|enum) ([A-Za-z_$][\w$]*)/.exec(
        line,
      )?.[1];
    if (name === undefined) continue;
    const end = lines.findIndex(
      (each, j) =>
        j >= i &&
        (j === i
          ? /[;}]$/.test(each) && !each.endsWith('{')
          : /^[})\]]/.test(each) || (/^ {4}.*;$/.test(each) && !lines[j + 1]?.startsWith(' '))),
    );
    const text = lines.slice(i, (end < 0 ? i : end) + 1).join('\n');
    const before = found.get(name);
    const documented = lines[i - 1]?.trim().endsWith('*/') === true || before?.documented === true;
    found.set(name, { name, text: `${before?.text ?? ''}${text}\n`, documented });
  }
  return found;
}

interface Exported {
  entry: string;
  name: string;
  file: string;
}

function exportsOf(entry: string): Exported[] {
  const index = resolve(`dist/src/${entry}.d.ts`);
  if (!existsSync(index)) return [];
  const statements = readFileSync(index, 'utf8').matchAll(/export (?:type )?\{([^}]*)\} from '([^']+)'/g);
  return Array.from(statements, ([, names, path]) =>
    names!.split(',').map((name) => ({
      entry,
      name: name
        .trim()
        .replace(/^type /, '')
        .split(' as ')[0]!,
      file: resolve(dirname(index), path!.replace(/\.(ts|js)$/, '.d.ts')),
    })),
  )
    .flat()
    .filter(({ name }) => name !== '');
}

const exported = ENTRIES.flatMap(exportsOf);
const files = new Map([...new Set(exported.map(({ file }) => file))].map((file) => [file, declarationsOf(file)]));

test('there is something to look at', () => {
  expect(exported.length).toBeGreaterThan(100);
});

test('every export has a doc comment', () => {
  const silent = exported.filter(({ name, file }) => files.get(file)!.get(name)?.documented !== true);
  expect(silent.map(({ entry, name }) => `${entry}: ${name}`)).toEqual([]);
});

test('every member of an exported interface has a doc comment', () => {
  const silent = exported.flatMap(({ name, file }) => {
    const lines = (files.get(file)!.get(name)?.text ?? '').split('\n');
    if (!/^(export )?(declare )?interface/.test(lines[0]!)) return [];
    return lines.flatMap((line, i) => {
      const member = /^ {4}(?:readonly )?([A-Za-z_$][\w$]*)[?]?[:(<]/.exec(line)?.[1];
      return member !== undefined && !lines[i - 1]!.trim().endsWith('*/') ? [`${name}.${member}`] : [];
    });
  });
  expect([...new Set(silent)]).toEqual([]);
});

test('every type that a public declaration names is exported', () => {
  const public_ = new Set(exported.map(({ name }) => name));
  const missing = exported.flatMap(({ entry, name, file }) => {
    const source = readFileSync(file, 'utf8');
    const imported = Array.from(source.matchAll(/import (?:type )?\{([^}]*)\} from '\.[^']*'/g), ([, names]) =>
      names!.split(',').map(
        (each) =>
          each
            .trim()
            .replace(/^type /, '')
            .split(' as ')
            .at(-1)!,
      ),
    ).flat();
    const own = [...files.get(file)!.keys()];
    const text = (files.get(file)!.get(name)?.text ?? '').replace(/\/\*\*[\s\S]*?\*\//g, '');
    return [...imported, ...own]
      .filter(
        (type) => /^[A-Z]/.test(type) && type !== name && new RegExp(`\\b${type}\\b`).test(text) && !public_.has(type),
      )
      .map((type) => `${entry}: ${name} names ${type}`);
  });
  expect([...new Set(missing)]).toEqual([]);
});
