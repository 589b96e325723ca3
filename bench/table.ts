/** Writes the README's tables from bench/results/*.json: `npm run bench:table`. With `--check` it only compares. */
import { readFile, writeFile } from 'node:fs/promises';
import { BENCHES } from './contestants.ts';
import { provenance, type Result, toTable } from './support/table.ts';

const BEGIN = '<!-- made by npm run bench:table: begin -->';
const END = '<!-- end -->';

const sections: string[] = [];
for (const name of Object.keys(BENCHES)) {
  const text = await readFile(`bench/results/${name}.json`, 'utf8').catch(() => undefined);
  if (text === undefined) continue;
  const result = JSON.parse(text) as Result;
  sections.push(`**${name}** (${provenance(result)})\n\n${toTable(result)}`);
}
const readme = await readFile('README.md', 'utf8');
const [before, rest] = readme.split(BEGIN) as [string, string];
const after = rest.slice(rest.indexOf(END));
const updated = `${before}${BEGIN}\n\n${sections.join('\n\n')}\n\n${after}`;
/** The formatter pads the cells of a table; what they say is compared. */
const unpadded = (text: string): string => text.replace(/ *\| */g, '|').replace(/-{3,}/g, '---');
if (!process.argv.includes('--check')) await writeFile('README.md', updated);
else if (unpadded(updated) !== unpadded(readme)) {
  console.error('the tables of README.md are not those of bench/results: run npm run bench:table');
  process.exitCode = 1;
}
