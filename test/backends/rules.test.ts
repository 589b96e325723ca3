/** Every tangent rule, and every kernel that has one, on the backend under test. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../../src/tfjs/index.ts';
import { outputsOf, ruleLaws } from '../laws/rules.ts';
import { BACKEND, describeBackend } from '../support/backends.ts';
import { relativeError } from '../support/dense.ts';
import { CASES } from '../tfjs/rules/cases.ts';

await describeBackend('tangent rules', () => {
  // those of real GPUs on a software one, too
  if (BACKEND === 'webgpu') tf.env().set('WEBGPU_MATMUL_PROGRAM_TYPE', -1);

  ruleLaws(BACKEND);

  test.each(CASES.map((example) => [example.kernel, example.what, example] as const))(
    'the kernel %s is the same as on cpu: %s',
    async (_kernel, _what, example) => {
      await useBackend('cpu');
      const expected = await outputsOf(example, 0);
      await useBackend(BACKEND);
      expect(relativeError(await outputsOf(example, expected.length), expected)).toBeLessThan(1e-5);
    },
  );
});
