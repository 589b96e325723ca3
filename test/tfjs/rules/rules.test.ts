/** Every tangent rule against central differences of its kernel. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../../../src/tfjs/index.ts';
import { linearise } from '../../../src/tfjs/linearise.ts';
import { RULES } from '../../../src/tfjs/rules/index.ts';
import { record } from '../../../src/tfjs/tape.ts';
import { relativeError } from '../../support/dense.ts';
import { CASES, type Case, type Input } from './cases.ts';

/** Numbers in (0, 1), the same at every run. */
function uniform(): () => number {
  let state = 12345;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state + 0.5) / 0x80000000;
  };
}

function draw({ shape, range = [-1, 1], avoid = [], dtype = 'float32', values }: Input, next: () => number): tf.Tensor {
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

function runKernel({ kernel, attrs }: Case, inputs: Record<string, tf.Tensor>): tf.Tensor[] {
  const isList = Object.keys(inputs).every((name) => /^\d+$/.test(name));
  const given = (isList ? Object.values(inputs) : inputs) as never;
  const result = tf.engine().runKernel(kernel, given, (attrs ?? {}) as never) as tf.Tensor | tf.Tensor[];
  return Array.isArray(result) ? result : [result];
}

const WIDTH = 3;
const STEP = 0.01;

/** The outputs' tangents for a block of directions, by the rule and by central differences, all in one list each. */
function bothWays(example: Case): { rule: number[]; differences: number[] } {
  const next = uniform();
  const inputs = Object.fromEntries(Object.entries(example.inputs).map(([name, input]) => [name, draw(input, next)]));
  const moving = example.moving ?? Object.keys(inputs).filter((name) => inputs[name]!.dtype === 'float32');
  const directions = moving.map((name) => draw({ shape: [...inputs[name]!.shape, WIDTH] }, next));
  const leaves = moving.map((name) => inputs[name]!);
  const map = linearise(
    record('test', leaves, () => runKernel(example, inputs)),
    'test',
  );
  const rule = map.apply(directions).flatMap((tangent) => [...tangent!.dataSync()]);
  map.dispose();
  const shifted = (by: number): tf.Tensor[][] => {
    const columns = directions.map((block) => tf.unstack(block, block.rank - 1));
    return Array.from({ length: WIDTH }, (_, j) => {
      const moved = moving.map((name, i) => [name, tf.add(inputs[name]!, tf.mul(by, columns[i]![j]!))]);
      return runKernel(example, { ...inputs, ...Object.fromEntries(moved) });
    });
  };
  const [above, below] = [shifted(STEP), shifted(-STEP)];
  const differences = above[0]!.flatMap((_, output) => {
    const parts = above.map((column, j) => tf.div(tf.sub(column[output]!, below[j]![output]!), 2 * STEP));
    return [...tf.stack(parts, parts[0]!.rank).dataSync()];
  });
  return { rule, differences };
}

test('every rule has a case here', () => {
  const covered = new Set(CASES.map(({ kernel }) => kernel));
  expect([...RULES.keys()].filter((kernel) => !covered.has(kernel))).toEqual([]);
});

describe.each(['cpu', 'wasm'] as const)('on backend %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(CASES.map((example) => [example.kernel, example.what, example] as const))(
    'the rule of %s agrees with differences: %s',
    (kernel, _what, example) => {
      expect(tf.getKernel(kernel, backend)).toBeDefined();
      tf.tidy(() => {
        const { rule, differences } = bothWays(example);
        expect(relativeError(rule, differences)).toBeLessThan(1e-3);
      });
    },
  );
});

/** Leaves NaN in memory that a kernel's output of this size may get: kernels must not count on zeros. */
function poison(size: number): void {
  tf.dispose(Array.from({ length: 4 }, () => tf.fill([size], Number.NaN)));
}

test.each(CASES.map((example) => [example.kernel, example.what, example] as const))(
  'the kernel %s is the same on cpu and wasm: %s',
  async (_kernel, _what, example) => {
    const outputs: number[][] = [];
    for (const backend of ['cpu', 'wasm'] as const) {
      await useBackend(backend);
      outputs.push(
        tf.tidy(() => {
          poison(outputs[0]?.length ?? 0);
          const next = uniform();
          const inputs = Object.entries(example.inputs).map(([name, input]) => [name, draw(input, next)]);
          return runKernel(example, Object.fromEntries(inputs)).flatMap((output) => [...output.dataSync()]);
        }),
      );
    }
    expect(relativeError(outputs[1]!, outputs[0]!)).toBeLessThan(1e-5);
  },
);
