/** Einstein summation of one or two tensors, as one matrix product between transposes. */
import { add, matMul, reshape, sum, type Tensor, transpose, util, zeros } from '@tensorflow/tfjs-core';
import { UnsupportedError } from '../../../core/errors.ts';
import type { Rule } from './rule.ts';

interface Terms {
  readonly inputs: readonly string[];
  readonly output: string;
}

/** @throws UnsupportedError for a letter twice in one term or more than two inputs */
function termsOf(equation: string): Terms {
  const [left, output] = equation.replace(/\s/g, '').split('->') as [string, string];
  const inputs = left.split(',');
  if (inputs.length > 2 || inputs.some((term) => new Set(term).size < term.length)) {
    throw new UnsupportedError(
      `Einsum: '${equation}' has more than two inputs or an index twice in one input, which is not supported`,
      { equation },
    );
  }
  return { inputs, output };
}

/** Sums over the letters that are not in `kept`. */
function reduceTo(x: Tensor, term: string, kept: string): { x: Tensor; term: string } {
  const axes = [...term].flatMap((letter, axis) => (kept.includes(letter) ? [] : [axis]));
  const left = [...term].filter((letter) => kept.includes(letter)).join('');
  return { x: axes.length > 0 ? sum(x, axes) : x, term: left };
}

/** Axes named by `term` in the order of `wanted`, which has the same letters. */
function arrange(x: Tensor, term: string, wanted: string): Tensor {
  return term === wanted
    ? x
    : transpose(
        x,
        [...wanted].map((letter) => term.indexOf(letter)),
      );
}

/** `tf.einsum` for one or two inputs. @throws UnsupportedError for others */
export function einsum(equation: string, tensors: readonly Tensor[]): Tensor {
  const { inputs, output } = termsOf(equation);
  const [a, b] = tensors.map((tensor, i) => {
    const others = inputs.filter((_, j) => j !== i).join('');
    return reduceTo(tensor, inputs[i]!, output + others);
  });
  if (!b) return arrange(a!.x, a!.term, output);
  const letters = (pick: (letter: string) => boolean) => [...new Set(a!.term + b.term)].filter(pick).join('');
  const inA = (letter: string) => a!.term.includes(letter);
  const inB = (letter: string) => b.term.includes(letter);
  const inOutput = (letter: string) => output.includes(letter);
  const stack = letters((letter) => inA(letter) && inB(letter) && inOutput(letter));
  const inner = letters((letter) => inA(letter) && inB(letter) && !inOutput(letter));
  const rows = letters((letter) => inA(letter) && !inB(letter));
  const cols = letters((letter) => inB(letter) && !inA(letter));
  const sizes = new Map([a!, b].flatMap(({ x, term }) => [...term].map((letter, i) => [letter, x.shape[i]] as const)));
  const shapeOf = (term: string) => [...term].map((letter) => sizes.get(letter)!);
  const count = (term: string) => util.sizeFromShape(shapeOf(term));
  const left = reshape(arrange(a!.x, a!.term, stack + rows + inner), [count(stack), count(rows), count(inner)]);
  const right = reshape(arrange(b.x, b.term, stack + inner + cols), [count(stack), count(inner), count(cols)]);
  const product = reshape(matMul(left, right), shapeOf(stack + rows + cols));
  return arrange(product, stack + rows + cols, output);
}

/** The gradient by input `i`: the cotangent summed against the other input, spread over letters that were only summed. */
export function einsumGradient(equation: string, tensors: readonly Tensor[], i: number, dy: Tensor): Tensor {
  const { inputs, output } = termsOf(equation);
  const others = tensors.filter((_, j) => j !== i);
  const otherTerms = inputs.filter((_, j) => j !== i);
  const known = [...inputs[i]!].filter((letter) => (output + otherTerms.join('')).includes(letter)).join('');
  const partial = einsum(`${[output, ...otherTerms].join(',')}->${known}`, [dy, ...others]);
  const { shape } = tensors[i]!;
  const kept = [...inputs[i]!].map((letter, axis) => (known.includes(letter) ? shape[axis]! : 1));
  return known === inputs[i] ? partial : add(reshape(partial, kept), zeros(shape));
}

const einsumRule: Rule = ({ attrs }, _save, derive) =>
  derive((inputs) => einsum(attrs.equation as string, Object.values(inputs)));

/** The rule of `tf.einsum`. */
export const einsumRules: Readonly<Record<string, Rule>> = { Einsum: einsumRule };
