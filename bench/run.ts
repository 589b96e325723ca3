/**
 * Races against the peers that this machine has.
 *
 *     npm run bench                         all of them
 *     npm run bench -- mlp784 --repeats 5   one
 *     npm run bench -- gpu --small          does it work? a trial on any device, which writes no results
 *
 * Prints a table for each and writes bench/results/<name>.json.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { BENCHES, TRIALS } from './contestants.ts';
import { describeMachine } from './support/machine.ts';
import { race, THREADS } from './support/race.ts';
import { provenance, type Result, toTable } from './support/table.ts';

const { values: flags, positionals } = parseArgs({
  options: { repeats: { type: 'string', default: '3' }, small: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const benches = flags.small ? TRIALS : BENCHES;
const unknown = positionals.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`no bench '${unknown[0]}'; there are: ${Object.keys(benches).join(', ')}`);
  process.exit(2);
}
const repeats = Math.max(1, Number(flags.repeats));
for (const name of positionals.length > 0 ? positionals : Object.keys(benches)) {
  const result: Result = {
    name,
    machine: describeMachine(),
    threads: THREADS,
    repeats,
    ...(await race(benches[name]!, repeats)),
  };
  if (!flags.small) await writeFile(`bench/results/${name}.json`, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`\n## ${name}\n\n${provenance(result)}\n\n${toTable(result)}\n`);
}
