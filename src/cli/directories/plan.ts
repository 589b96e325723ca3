/** What `eigensketch plan` does with an operator. */
import { formatMemory } from '../../core/memory.ts';
import { parseSketchCall } from '../../seigh/options.ts';
import { freeBytes, refuseFullDisk } from '../../store/disk.ts';
import { costOf } from '../../store/sketch/cost.ts';
import { flatPlan } from '../../store/sketch/plan.ts';
import { requestOf } from '../../store/sketch/seigh.ts';
import { EXIT } from '../exit.ts';
import { operatorOf, sourceOf } from '../operator-source.ts';
import { FORCE } from '../storing.ts';
import { askedOf } from './opening.ts';

type Given = Readonly<Record<string, unknown>>;

/** Prints what a directory would cost. @throws StoreError when the disk is too small, unless --force. */
export async function planStored(given: Given): Promise<number> {
  const path = (given.out as string | undefined) ?? '.';
  const { dims, options } = askedOf(given, path);
  const op = await operatorOf(sourceOf(given));
  const { plan } = await requestOf(parseSketchCall(op, dims, options));
  const cost = costOf(plan);
  const free = await freeBytes(path);
  if (given.json) console.log(JSON.stringify({ plan: flatPlan(plan), cost, free }, null, 2));
  else {
    console.log(`${plan.dims} columns by ${plan.method}, ${plan.blockSize} at a time, n = ${plan.n}, ${plan.dtype}`);
    console.log(`${cost.numMatvecs} products (with the probe, without the certificate)`);
    console.log(
      `${cost.files} files, up to ${formatMemory(cost.bytes)}; the disk of ${path} has ${formatMemory(free)} free`,
    );
    console.log(`${formatMemory(cost.memory)} of memory for tall blocks`);
  }
  if (!given.force) await refuseFullDisk(path, cost.bytes, FORCE);
  return EXIT.done;
}
