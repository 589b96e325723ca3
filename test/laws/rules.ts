/**
 * What every tangent rule must do on every backend: agree with central differences of its kernel, which must compute what
 * it says.
 */
import * as tf from '@tensorflow/tfjs-core';
import { linearise } from '../../src/tfjs/autodiff/linearise.ts';
import { record } from '../../src/tfjs/autodiff/tape.ts';
import { relativeError } from '../support/dense.ts';
import { expect, test } from '../support/jest.ts';
import { KERNEL_LOOPS } from '../support/kernel-loops.ts';
import { CASES, type Case, type Input } from '../tfjs/rules/cases.ts';

/** Numbers in (0, 1), the same at every run. */
export function uniform(): () => number {
  let state = 12345;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state + 0.5) / 0x80000000;
  };
}

/** The numbers of an input. */
export function draw(
  { shape, range = [-1, 1], avoid = [], dtype = 'float32', values }: Input,
  next: () => number,
): tf.Tensor {
  if (values) return tf.tensor(values, shape, dtype);
  const number = (): number => {
    const value = range[0] + (range[1] - range[0]) * next();
    return avoid.some((kink) => Math.abs(value - kink) < 0.2) ? number() : value;
  };
  const size = shape.reduce((product, n) => product * n, 1);
  return tf.tensor(
    Array.from({ length: size }, () => (dtype === 'bool' ? Number(next() < 0.5) : number())),
    shape,
    dtype,
  );
}

/** The outputs of a case's kernel at these inputs. */
export function runKernel({ kernel, attrs }: Case, inputs: Record<string, tf.Tensor>): tf.Tensor[] {
  const isList = Object.keys(inputs).every((name) => /^\d+$/.test(name));
  const given = (isList ? Object.values(inputs) : inputs) as never;
  const result = tf.engine().runKernel(kernel, given, (attrs ?? {}) as never) as tf.Tensor | tf.Tensor[];
  return Array.isArray(result) ? result : [result];
}

/** The numbers of several tensors in one list. They are disposed. */
async function numbersOf(tensors: readonly tf.Tensor[]): Promise<number[]> {
  const values = await Promise.all(tensors.map((tensor) => tensor.data()));
  tf.dispose([...tensors]);
  return values.flatMap((list) => [...list]);
}

/** Leaves NaN in memory that a kernel's output of this size may get: kernels must not count on zeros. */
function poison(size: number): void {
  tf.dispose(Array.from({ length: 4 }, () => tf.fill([size], Number.NaN)));
}

/** The outputs of a case's kernel on the backend in use, in one list, and those of its float64 loop. */
async function valuesOf(example: Case): Promise<{ found: number[]; expected: number[] }> {
  const next = uniform();
  const inputs = Object.fromEntries(Object.entries(example.inputs).map(([name, input]) => [name, draw(input, next)]));
  const numbers = Object.entries(inputs).map(async ([name, tensor]) => {
    return [name, { shape: tensor.shape, data: Float64Array.from(await tensor.data()) }] as const;
  });
  const given = Object.fromEntries(await Promise.all(numbers));
  const expected = KERNEL_LOOPS[example.kernel]!(given, example.attrs ?? {}).flatMap((values) => [...values]);
  const outputs = tf.tidy(() => {
    poison(expected.length);
    return runKernel(example, inputs);
  });
  tf.dispose(inputs);
  return { found: await numbersOf(outputs), expected };
}

const WIDTH = 3;
const STEP = 0.01;

/** Indices do not move. */
const floats = (tensors: tf.Tensor[]): tf.Tensor[] => tensors.filter(({ dtype }) => dtype === 'float32');

/** The outputs' tangents for a block of directions, by the rule and by central differences. */
function bothWays(example: Case): { rule: tf.Tensor[]; differences: tf.Tensor[] } {
  const next = uniform();
  const inputs = Object.fromEntries(Object.entries(example.inputs).map(([name, input]) => [name, draw(input, next)]));
  const moving = example.moving ?? Object.keys(inputs).filter((name) => inputs[name]!.dtype === 'float32');
  const directions = moving.map((name) => draw({ shape: [...inputs[name]!.shape, WIDTH] }, next));
  const leaves = moving.map((name) => inputs[name]!);
  const map = linearise(record(leaves, () => floats(runKernel(example, inputs))));
  const rule = map.apply(directions).map((tangent) => tangent!);
  map.dispose();
  const shifted = (by: number): tf.Tensor[][] => {
    const columns = directions.map((block) => tf.unstack(block, block.rank - 1));
    return Array.from({ length: WIDTH }, (_, j) => {
      const moved = moving.map((name, i) => [name, tf.add(inputs[name]!, tf.mul(by, columns[i]![j]!))]);
      return floats(runKernel(example, { ...inputs, ...Object.fromEntries(moved) }));
    });
  };
  const [above, below] = [shifted(STEP), shifted(-STEP)];
  const differences = above[0]!.map((_, output) => {
    const parts = above.map((column, j) => tf.div(tf.sub(column[output]!, below[j]![output]!), 2 * STEP));
    return tf.stack(parts, parts[0]!.rank);
  });
  return { rule, differences };
}

/** The tests of every rule on a backend, which must be in use when they run. */
export function ruleLaws(backend: string): void {
  test.each(CASES.map((example) => [example.kernel, example.what, example] as const))(
    'the kernel %s computes what it says: %s',
    async (_kernel, _what, example) => {
      const { found, expected } = await valuesOf(example);
      expect(relativeError(found, expected)).toBeLessThan(1e-5);
    },
  );

  test.each(CASES.map((example) => [example.kernel, example.what, example] as const))(
    'the rule of %s agrees with differences: %s',
    async (kernel, _what, example) => {
      expect(tf.getKernel(kernel, backend)).toBeDefined();
      const { rule, differences } = tf.tidy(() => bothWays(example) as never) as ReturnType<typeof bothWays>;
      expect(relativeError(await numbersOf(rule), await numbersOf(differences))).toBeLessThan(1e-3);
    },
  );
}
