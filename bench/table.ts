/**
 * Writes the tables of bench/results/*.json where they are read: `npm run bench:table`. With `--check` it only compares.
 * The work of reference stands in the README, every race in docs/speed.md.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { BENCHES } from './contestants.ts';
import { provenance, type Result, toTable } from './support/table.ts';

const BEGIN = '<!-- made by npm run bench:table: begin -->';
const END = '<!-- end -->';
const PLACES: Record<string, readonly string[]> = {
  'README.md': ['mlp784'],
  'docs/speed.md': Object.keys(BENCHES),
};

async function section(name: string): Promise<string | undefined> {
  const text = await readFile(`bench/results/${name}.json`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const result = JSON.parse(text) as Result;
  return `**${name}** (${provenance(result)})\n\n${toTable(result)}`;
}

/** The formatter pads the cells of a table; what they say is compared. */
const unpadded = (text: string): string => text.replace(/ *\| */g, '|').replace(/-{3,}/g, '---');

for (const [file, names] of Object.entries(PLACES)) {
  const sections = (await Promise.all(names.map(section))).filter((each) => each !== undefined);
  const page = await readFile(file, 'utf8');
  const [before, rest] = page.split(BEGIN) as [string, string];
  const after = rest.slice(rest.indexOf(END));
  const updated = `${before}${BEGIN}\n\n${sections.join('\n\n')}\n\n${after}`;
  if (!process.argv.includes('--check')) await writeFile(file, updated);
  else if (unpadded(updated) !== unpadded(page)) {
    console.error(`the tables of ${file} are not those of bench/results: run npm run bench:table`);
    process.exitCode = 1;
  }
}
