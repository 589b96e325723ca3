/** Every tangent rule, the kernel that has it and its gradient, on the backend under test. */
import { test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { gradientLaws } from '../laws/gradients.ts';
import { ruleLaws } from '../laws/rules.ts';
import { BACKEND, describeBackend, thorough } from '../support/backends.ts';
import { longTitle } from '../support/long.ts';

// minutes on a GPU in software
if (!thorough) test.skip(longTitle(`tangent rules, on ${BACKEND}`), () => {});
else {
  await describeBackend('tangent rules', () => {
    // those of real GPUs on a software one, too
    if (BACKEND === 'webgpu') tf.env().set('WEBGPU_MATMUL_PROGRAM_TYPE', -1);

    ruleLaws(BACKEND);
    gradientLaws(true);
  });
}
