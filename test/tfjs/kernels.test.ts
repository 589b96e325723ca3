/**
 * Every kernel of TensorFlow.js has a rule, no derivative, or a reason.
 *
 * @own-process a backend that another file has used has kernels of ours, too
 */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { describeKernel, kernelTable } from '../../bench/support/kernel-table.ts';
import { LOCALLY_CONSTANT } from '../../src/tfjs/autodiff/rules/constant.ts';
import { RULES } from '../../src/tfjs/autodiff/rules/index.ts';
import { UNSUPPORTED } from '../../src/tfjs/autodiff/rules/unsupported.ts';
import { repairsOf } from '../../src/tfjs/repairs/kernels.ts';
import { beforeAll, expect, test } from '../support/jest.ts';
import { BACKENDS, type KnownKernels, knownKernels } from '../support/kernels.ts';

let known: KnownKernels;
beforeAll(async () => {
  known = await knownKernels();
});

test('every kernel of the backends and every name of tfjs-core is in the table', () => {
  expect(known.names.length).toBeGreaterThanOrEqual(180);
  const missing = known.names.filter((kernel) => describeKernel(kernel).treatment === 'missing');
  expect(missing).toEqual([]);
});

test('the table has no kernel twice and none that TensorFlow.js does not know', () => {
  const listed = [...RULES.keys(), ...LOCALLY_CONSTANT, ...Object.keys(UNSUPPORTED)];
  expect(listed.filter((kernel, i) => listed.indexOf(kernel) !== i)).toEqual([]);
  expect(listed.filter((kernel) => !known.names.includes(kernel))).toEqual([]);
});

test('a kernel with a gradient in TensorFlow.js has a rule or no derivative; complex numbers are the exception', () => {
  const without = known.names.filter(
    (kernel) => tf.getGradient(kernel) != null && describeKernel(kernel).treatment === 'none',
  );
  // The other two are names of kernels that no backend has.
  expect(without).toEqual(['BroadcastTo', 'ComplexAbs', 'LogSoftmax']);
});

test.each(BACKENDS)('on %s every kernel with a rule is there, by itself or repaired', async (backend) => {
  const there = new Set([...known.own[backend]!, ...Object.keys(await repairsOf(backend))]);
  expect([...RULES.keys()].filter((kernel) => !there.has(kernel))).toEqual([]);
});

test('docs/kernels.md is current; if not: npm run docs:kernels', async () => {
  expect(readFileSync('docs/kernels.md', 'utf8')).toBe(await kernelTable(known.names, known.own));
});
