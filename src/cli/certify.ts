/** `eigensketch certify`: a sketch with its certificate, the certificate of another operator, or that of a sketch directory. */
import type { Certificate } from '../apost/certificate.ts';
import { type ApostOptions, CERTIFICATE_FIELDS } from '../apost/options.ts';
import { ArgumentError } from '../core/errors.ts';
import { described, optional, text } from '../core/parse.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { boundText } from '../report/numbers.ts';
import { readColumns, readVector } from './arrays.ts';
import { certificateOptions } from './certificate-options.ts';
import { type Command, checkOutput, defineCommand, pick, refuseGiven } from './command.ts';
import { EXIT } from './exit.ts';
import { loadOperator, operatorField } from './operator-file.ts';
import { MODEL_USAGE, type OperatorSource, operatorOf, SOURCE_FIELDS, sourceOf } from './operator-source.ts';
import { QUIET as quiet, reporterOf } from './progress.ts';
import { checkSketch, DIMS, deliver, REPORTING_FIELDS, SKETCH_FIELDS, sketch } from './sketching.ts';
import { directoryOf, TRUST } from './storing.ts';

const approximation = described(
  optional(operatorField),
  'certify this operator as an approximation, instead of a sketch',
);
/** Eigenpairs from anywhere. */
const PAIRS = {
  eigenvalues: described(optional(text), 'certify these: r numbers in a .npy or .npz file'),
  eigenvectors: described(optional(text), 'with these vectors: n x r in a .npy or .npz file, one a column'),
};
const { json } = REPORTING_FIELDS;

type Given = Readonly<Record<string, unknown>>;

/** What there is to certify: an operator, or pairs that are read and then measured. */
async function approximationOf({ approximation, eigenvalues, eigenvectors }: Given): Promise<LinearOperator> {
  if (typeof approximation === 'string') return loadOperator(approximation);
  const { ritzPairs } = await import('../apost/ritz-pairs.ts');
  return ritzPairs({
    eigenvalues: await readVector(eigenvalues as string),
    eigenvectors: await readColumns(eigenvectors as string),
  });
}

/** What a certificate says, a line each; more of pairs, whose orthonormality and residuals were measured. */
function linesOf(certificate: Certificate): string[] {
  const { relativeError, confidence, tests, given, missedEigenvalueBound } = certificate;
  const error = `relative Frobenius error at most ${boundText(relativeError.upper)} with probability ${confidence} (${tests} test products)`;
  if (!given) return [error];
  const { orthonormalityDefect, residualNorms } = given;
  const missed = `at most ${residualNorms.length} eigenvalues exceed ${boundText(missedEigenvalueBound!)} in magnitude, with probability ${confidence}`;
  return [
    error,
    `largest residual norm ${boundText(residualNorms.reduce((most, norm) => Math.max(most, norm), 0))}`,
    `orthonormality: ||V^T V - I||_F is ${boundText(orthonormalityDefect)}`,
    missed,
  ];
}

/** Certifies what was computed elsewhere as an approximation of an operator. */
async function certifyApproximation(source: OperatorSource, given: Given, options: ApostOptions): Promise<number> {
  // what is read is checked before the operator is made, which may take long
  const approximation = await approximationOf(given);
  const { apost } = await import('../apost/apost.ts');
  const certificate = await apost(await operatorOf(source), approximation, options);
  console.log(given.json ? JSON.stringify(certificate, null, 2) : linesOf(certificate).join('\n'));
  return EXIT.done;
}

/** The options that name what was computed elsewhere, of those given. @throws ArgumentError for half of the pairs, and for both */
function foreignOf(given: Given): string | undefined {
  const named = ['approximation', ...Object.keys(PAIRS)].filter((name) => given[name] !== undefined);
  if (named.length === 0) return undefined;
  if (named.includes('approximation')) {
    refuseGiven(pick(given, PAIRS), {}, '--approximation');
    return '--approximation';
  }
  const missing = Object.keys(PAIRS).find((name) => !named.includes(name));
  if (missing !== undefined) throw new ArgumentError(`--${missing} is needed with --${named[0]}`, { option: missing });
  return '--eigenvalues and --eigenvectors';
}

export const certifyCommand: Command = defineCommand({
  name: 'certify',
  usage: [
    'certify --operator FILE --dims K [options]',
    `certify ${MODEL_USAGE} --dims K [options]`,
    'certify --operator FILE --approximation FILE [options]',
    'certify --operator FILE --eigenvalues w.npy --eigenvectors V.npy [options]',
    'certify DIR (--operator FILE | --trust) [options]',
  ],
  about:
    'DIR is a directory of run or eigsh with a result: its certificate is kept there. The operator, a module or a model with its data, must be the one it was made with.',
  fields: {
    ...SOURCE_FIELDS,
    dims: DIMS,
    ...SKETCH_FIELDS,
    approximation,
    ...PAIRS,
    ...CERTIFICATE_FIELDS,
    trust: TRUST,
    ...REPORTING_FIELDS,
  },
  examples: ['certify --operator hessian.js --dims 200 --tests 30 --confidence 0.99 --out certified.json'],
  async run({ given, words }, context) {
    if (words.length > 0) {
      const path = directoryOf(given, words);
      refuseGiven(given, { ...CERTIFICATE_FIELDS, ...SOURCE_FIELDS, trust: TRUST, json, quiet }, 'a directory');
      return (await import('./directories/certify.ts')).certifyDirectory(path, given, context);
    }
    const source = sourceOf(given);
    const { blockSize, seed } = given as ApostOptions;
    const options: ApostOptions = {
      ...certificateOptions(given),
      ...(seed === undefined ? {} : { seed }),
      ...(blockSize === undefined ? {} : { blockSize }),
      onProgress: reporterOf(given),
      signal: context.signal,
    };
    const foreign = foreignOf(given);
    if (foreign !== undefined) {
      const fields = {
        ...CERTIFICATE_FIELDS,
        ...SOURCE_FIELDS,
        ...PAIRS,
        approximation,
        json,
        quiet,
        ...pick(SKETCH_FIELDS, { seed: true, blockSize: true }),
      };
      refuseGiven(given, fields, foreign);
      return certifyApproximation(source, given, options);
    }
    checkSketch(given);
    await checkOutput(given.out as string | undefined);
    const op = await operatorOf(source);
    const { apost } = await import('../apost/apost.ts');
    const result = await sketch('certify', op, given, context);
    await deliver(given, result, await apost(op, result, options));
    return EXIT.done;
  },
});
