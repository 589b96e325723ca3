/** `eigensketch svd`: singular values of an operator with an adjoint. */
import { described } from '../core/parse.ts';
import { estimateText } from '../report/numbers.ts';
import { type SsvdOptions, svdDims, svdFields } from '../sketch/svd-options.ts';
import { checkArrays, npyFile, writeArrays } from './arrays.ts';
import { type Command, defineCommand, needed, pick, refuseWords } from './command.ts';
import { ESTIMATING_FIELDS } from './estimating.ts';
import { EXIT } from './exit.ts';
import { MODEL_USAGE, operatorOf, sourceOf } from './operator-source.ts';
import { reporterOf } from './progress.ts';

const FIELDS = svdFields({});
const ARRAYS = ['singularValues', 'leftVectors', 'rightVectors'];
const ROWS = 20;

export const svdCommand: Command = defineCommand({
  name: 'svd',
  usage: ['svd --operator FILE --dims K [options]', `svd ${MODEL_USAGE} --dims K [options]`],
  about: 'A ~ U diag(s) V^T, also for matrices that are not square. Matrices in files have their adjoint.',
  fields: {
    ...ESTIMATING_FIELDS,
    dims: needed(svdDims({})),
    ...FIELDS,
    singularValues: described(npyFile, 'write s to this .npy file'),
    leftVectors: described(npyFile, 'write U to this .npy file'),
    rightVectors: described(npyFile, 'write V to this .npy file'),
  },
  examples: ['svd --operator X.npz --dims 50 --power-iterations 1 --singular-values s.npy --right-vectors V.npy'],
  async run({ given, values, words }, { signal }) {
    refuseWords(words);
    const source = sourceOf(given);
    await checkArrays(given, ARRAYS);
    const { ssvd } = await import('../ssvd.ts');
    const options = { ...pick(given, FIELDS), onProgress: reporterOf(given), signal } as SsvdOptions;
    const result = await ssvd(await operatorOf(source), values.dims as number, options);
    const { singularValues, leftVectors, rightVectors, rank, shape, numMatvecs } = result;
    await writeArrays(given, { singularValues, leftVectors, rightVectors });
    if (given.json) console.log(JSON.stringify(result, null, 2));
    else {
      console.log(`${rank} singular values of a ${shape[0]} x ${shape[1]} operator, ${numMatvecs} products`);
      for (const [i, value] of singularValues.subarray(0, ROWS).entries()) {
        console.log(`${String(i + 1).padStart(5)}  ${estimateText(value)}`);
      }
      if (rank > ROWS) console.log(`  ... ${rank - ROWS} more with --json or --singular-values`);
    }
    return EXIT.done;
  },
});
