/** Derivatives that are not finite: refused with the kernel that makes them. */
import { dispose } from '@tensorflow/tfjs-core';
import type { Block } from '../../core/block.ts';
import { NumericalError } from '../../core/errors.ts';
import { type Culprit, findNonFinite } from '../autodiff/non-finite.ts';
import { asValue, inWords } from '../autodiff/place.ts';
import { toTangents } from '../problem/parameters.ts';
import type { Problem } from '../problem/problem.ts';

interface Found extends Culprit {
  readonly index: number;
}

/** The first batch and kernel; undefined where a pass over the data does not show them. */
async function search(problem: Problem, X: Block | undefined): Promise<Found | undefined> {
  const { leaves, layout, what, termName } = problem;
  let index = 0;
  for await (const term of problem.terms()) {
    const tangents = X && toTangents(X, layout);
    try {
      const found = await findNonFinite(term, { leaves, what: `${what} (${termName(index)})` }, tangents);
      if (found) return { ...found, index };
    } finally {
      dispose(tangents ?? []);
      term.release();
    }
    index++;
  }
  return undefined;
}

const DESCRIPTION = { gradient: 'the gradient of', product: 'a product with the second derivative of' } as const;

/**
 * @param name what the values are: 'gradient' or 'product'
 * @param values D numbers, or D x b of a product with `X`
 * @throws NumericalError unless all are finite, naming the parameter, the kernel, its batch and its layer or node
 */
export async function refuseNonFinite(
  problem: Problem,
  name: keyof typeof DESCRIPTION,
  values: Block['data'],
  X?: Block,
): Promise<void> {
  let at = 0;
  while (at < values.length && Number.isFinite(values[at])) at++;
  if (at === values.length) return;
  const row = Math.floor(at / (X?.cols ?? 1));
  const parameter = problem.layout.find(({ offset, size }) => row < offset + size)!.name;
  const found = await search(problem, X).catch(() => undefined);
  const place = found?.place ? ` (at ${inWords(found.place)})` : '';
  const cause = found
    ? `TensorFlow.js's kernel '${found.kernel}'${place} makes it of finite numbers in ${problem.termName(found.index)}`
    : 'the kernel that makes it was not found';
  throw new NumericalError(
    `${DESCRIPTION[name]} ${problem.what} is ${values[at]} in parameter '${parameter}': ${cause}. Usual causes: the derivative of a ` +
      'square root, a norm or a power at 0, or of a logarithm near 0. Keep its argument away from 0, as in ' +
      'tf.sqrt(tf.add(x, 1e-12))',
    { parameter, value: values[at], kernel: found?.kernel, ...asValue(found?.place), batch: found?.index },
  );
}
