/** Examples as their readers run them. */
import { readFile } from 'node:fs/promises';
import { command } from './command.ts';

/** What an example prints. */
export const example = async (name: string, ...args: string[]): Promise<string> =>
  (await command(process.execPath, [`dist/examples/${name}.js`, ...args])).stdout;

/** The figures that an example says it has written. */
export async function figuresOf(output: string): Promise<string[]> {
  const paths = Array.from(output.matchAll(/^figure +(\S+\.svg)$/gm), ([, path]) => path!);
  return Promise.all(paths.map((path) => readFile(path, 'utf8')));
}

/** How many marks of a kind a figure has: symbols, or rectangles of an image. */
export function countMarks(svg: string, kind: 'symbol' | 'rect'): number {
  const groups = Array.from(svg.matchAll(new RegExp(`mark-${kind} role-mark[\\s\\S]*?</g>`, 'g')), ([group]) => group);
  return groups.reduce((sum, group) => sum + group.match(/<path /g)!.length, 0);
}

/** Lines of a table that begin with an index: their numbers after it. */
export function tableRows(output: string): number[][] {
  return Array.from(output.matchAll(/^ +\d+ {2}(.*)$/gm), ([, row]) =>
    row!
      .trim()
      .split(/[\s±]+/)
      .map(Number),
  );
}
