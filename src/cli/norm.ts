/** `eigensketch norm`: the Frobenius or spectral norm of an operator, with its certified interval. */
import { choice, described, type Fields, withDefault } from '../core/parse.ts';
import {
  FROBENIUS_FIELDS,
  type FrobeniusNormOptions,
  type SpectralNormOptions,
  spectralNormFields,
} from '../traces/options.ts';
import { type Command, defineCommand, pick, refuseGiven, refuseWords } from './command.ts';
import { ESTIMATING_FIELDS, estimateSentence, usageOf } from './estimating.ts';
import { EXIT } from './exit.ts';
import { operatorOf, sourceOf } from './operator-source.ts';
import { reporterOf } from './progress.ts';

const KINDS = ['frobenius', 'spectral'] as const;
const norm = described(withDefault(choice(KINDS), 'frobenius'), 'which norm');
const SPECTRAL_FIELDS = spectralNormFields({});
const OWN: Record<(typeof KINDS)[number], Fields> = { frobenius: FROBENIUS_FIELDS, spectral: SPECTRAL_FIELDS };

export const normCommand: Command = defineCommand({
  name: 'norm',
  usage: usageOf('norm'),
  about: `The spectral norm of an operator that is not declared symmetric needs its adjoint. --tests and --block-size belong to
the Frobenius norm, --order to the spectral one.`,
  fields: {
    ...ESTIMATING_FIELDS,
    norm,
    ...FROBENIUS_FIELDS,
    order: SPECTRAL_FIELDS.order,
  },
  examples: ['norm --operator A.npy --tests 100', 'norm --operator A.mtx --norm spectral'],
  async run({ given, values, words }, { signal }) {
    refuseWords(words);
    const kind = values.norm;
    const own = OWN[kind];
    refuseGiven(given, { ...ESTIMATING_FIELDS, norm, ...own }, `--norm ${kind}`);
    const source = sourceOf(given);
    const options = { ...pick(given, own), onProgress: reporterOf(given), signal };
    const { frobeniusNorm } = await import('../traces/frobenius-norm.ts');
    const { spectralNorm } = await import('../traces/spectral-norm.ts');
    const op = await operatorOf(source);
    const result = await (kind === 'spectral'
      ? spectralNorm(op, options as SpectralNormOptions)
      : frobeniusNorm(op, options as FrobeniusNormOptions));
    const name = kind === 'spectral' ? 'spectral' : 'Frobenius';
    if (given.json) console.log(JSON.stringify({ norm: kind, ...result }, null, 2));
    else console.log(`${name} norm ${estimateSentence(result)}\n${result.numMatvecs} products`);
    return EXIT.done;
  },
});
