/** The half of `eigensketch plan` that is about sketch directories. */
import { formatMemory } from '../core/memory.ts';
import { costOf, freeBytes, refuseFullDisk } from '../store/sketch/cost.ts';
import { type Flags, required } from './command.ts';
import { EXIT } from './exit.ts';
import { loadOperator } from './operator-file.ts';
import { planFor } from './storing.ts';

/** Prints what a directory would cost. @throws StoreError when the disk is too small, unless --force. */
export async function planStored(where: string, flags: Flags): Promise<number> {
  const op = await loadOperator(where, required(where, flags, 'operator'));
  const plan = await planFor(where, op, flags);
  const path = typeof flags.out === 'string' ? flags.out : '.';
  const cost = costOf(plan);
  const free = await freeBytes(path);
  if (flags.json) console.log(JSON.stringify({ plan, cost, free }, null, 2));
  else {
    console.log(`${plan.dims} columns by ${plan.method}, ${plan.blockSize} at a time, n = ${plan.n}, ${plan.dtype}`);
    console.log(`${cost.products} products (with the probe, without the certificate)`);
    console.log(
      `${cost.files} files, up to ${formatMemory(cost.bytes)}; the disk of ${path} has ${formatMemory(free)} free`,
    );
    console.log(`${formatMemory(cost.memory)} of memory for tall blocks`);
  }
  if (!flags.force) await refuseFullDisk(where, path, cost);
  return EXIT.done;
}
