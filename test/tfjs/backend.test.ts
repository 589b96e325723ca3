/** Starting backends. */
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, UnsupportedError } from '../../src/core/errors.ts';
import { useBackend } from '../../src/tfjs/index.ts';
import { expect, test } from '../support/jest.ts';

test.each(['cpu', 'wasm'] as const)('%s starts and can differentiate', async (name) => {
  await useBackend(name);
  expect(tf.getBackend()).toBe(name);
  const gradient = tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1, 2]));
  expect([...(await gradient.data())]).toEqual([2, 4]);
});

test('an unknown name is an ArgumentError that lists the known ones', async () => {
  const attempt = useBackend('cuda' as never);
  await expect(attempt).rejects.toThrow(ArgumentError);
  await expect(attempt).rejects.toThrow(
    "useBackend: name must be one of 'cpu', 'wasm', 'webgpu', 'tensorflow', got 'cuda'",
  );
});

test('a backend that is not installed names what to install, and the backend in use stays', async () => {
  await useBackend('wasm');
  const failure = await useBackend('tensorflow').catch((error: Error) => error);
  expect(failure).toBeInstanceOf(UnsupportedError);
  expect((failure as Error).message).toMatch(/^useBackend: backend 'tensorflow' is not installed: /);
  expect((failure as Error).message).toMatch(
    /npm install @tensorflow\/tfjs-node \(or, for CUDA 11, @tensorflow\/tfjs-node-gpu\)$/,
  );
  expect(tf.getBackend()).toBe('wasm');
});

test('options that do not belong to a backend are refused', async () => {
  await expect(useBackend('wasm', { requireHardware: true })).rejects.toThrow(
    "useBackend: requireHardware: backend 'wasm' never uses a GPU",
  );
  await expect(useBackend('cpu', { adapter: 'any' })).rejects.toThrow("adapter belongs to 'webgpu'");
});

test('the door says what a backend runs on', async () => {
  expect(await useBackend('wasm')).toEqual({
    name: 'wasm',
    package: expect.stringMatching(/^@tensorflow\/tfjs-backend-wasm \d+\.\d+\.\d+$/),
    device: 'CPU',
  });
});
