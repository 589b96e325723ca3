/** What `eigensketch recover` does. */
import type { Fields } from '../../core/parse.ts';
import { selectKernels } from '../../linalg/kernels/select.ts';
import { RESULT, TESTS } from '../../store/folders.ts';
import { shardName, WHOLE } from '../../store/shard.ts';
import { deriveStage, spaceOf } from '../../store/sketch/derive.ts';
import { clearDirectory, openDirectory } from '../../store/sketch/directory.ts';
import { stageIsThere } from '../../store/sketch/progress.ts';
import { loadResult } from '../../store/sketch/result.ts';
import { derivedStagesUpTo } from '../../store/sketch/stages.ts';
import { testBlockSize } from '../../store/sketch/test-products.ts';
import { ensureTests } from '../../store/test-vectors.ts';
import type { Arguments, CommandContext } from '../command.ts';
import { EXIT } from '../exit.ts';
import { directoryOf, resumable } from '../storing.ts';
import { deliverStored } from './stored-analysis.ts';

/** The stages that need no products. */
export async function recoverStages({ values, words }: Arguments<Fields>, { signal }: CommandContext): Promise<number> {
  const path = directoryOf({}, words);
  return resumable(signal, `eigensketch recover ${path}`, async () => {
    const directory = await openDirectory(path);
    await clearDirectory(directory);
    const { stage: last = RESULT, tests, shards } = values as { stage?: string; tests: number; shards: number };
    const stages = derivedStagesUpTo(directory.plan, last === TESTS ? RESULT : last);
    const kernels = await selectKernels();
    const worker = { shard: shardName(WHOLE), kernels: kernels.name, backend: '' };
    for (const stage of stages) {
      if (await stageIsThere(directory, stage)) continue;
      await deriveStage(directory, stage, { kernels, worker, signal });
    }
    if (last === TESTS) {
      const result = await loadResult(directory, kernels);
      const wanted = { tests, seed: directory.plan.seed, blockSize: testBlockSize(directory, tests, shards) };
      const space = spaceOf(directory);
      await ensureTests(directory, result, wanted, { space, verbs: { kernels, signal }, worker });
    }
    if (last === RESULT) await deliverStored(directory, values.json === true);
    else console.log(values.json ? JSON.stringify({ directory: path, stage: last }) : `stage ${last} is there`);
    return EXIT.done;
  });
}
