/** What users see of the entry points: the emitted declarations of everything that they export. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const ENTRIES = ['index', 'tfjs/index', 'hdf5/index', 'report/index', 'testing/index', 'files/index', 'remote/index'];

export interface Declaration {
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

export interface Exported {
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

/** Every name that an entry point exports. */
export const exported: readonly Exported[] = ENTRIES.flatMap(exportsOf);
/** Declarations by file and name. */
export const files: ReadonlyMap<string, ReadonlyMap<string, Declaration>> = new Map(
  [...new Set(exported.map(({ file }) => file))].map((file) => [file, declarationsOf(file)]),
);

/** A member of an interface. */
export interface Member {
  /** `EighResult.seconds` */
  name: string;
  word: string;
  /** As declared, without `readonly`, `?` and `| undefined`. */
  type: string;
}

/** The text of a declaration without its comments. */
export const textOf = ({ name, file }: Exported): string =>
  (files.get(file)!.get(name)?.text ?? '').replace(/\/\*\*[\s\S]*?\*\//g, '');

/** The members of an interface, those of the interfaces that it extends left out; none for anything else. */
export function membersOf(each: Exported): Member[] {
  const text = textOf(each);
  if (!/^(export )?(declare )?interface/.test(text)) return [];
  return Array.from(text.matchAll(/^ {4}(?:readonly )?([A-Za-z_$][\w$]*)\??: (.*);$/gm), ([, word, type]) => ({
    name: `${each.name}.${word}`,
    word: word!,
    type: type!.replace(' | undefined', '').replaceAll('readonly ', ''),
  }));
}
