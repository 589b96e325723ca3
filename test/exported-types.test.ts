/** The declarations that users see: every type that a public signature names is exported, everything exported is explained. */
import { readFileSync } from 'node:fs';
import { exported, files, textOf } from './support/declarations.ts';
import { expect, test } from './support/jest.ts';

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
    const text = textOf({ entry, name, file });
    return [...imported, ...own]
      .filter(
        (type) => /^[A-Z]/.test(type) && type !== name && new RegExp(`\\b${type}\\b`).test(text) && !public_.has(type),
      )
      .map((type) => `${entry}: ${name} names ${type}`);
  });
  expect([...new Set(missing)]).toEqual([]);
});
