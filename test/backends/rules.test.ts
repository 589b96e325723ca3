/** Every tangent rule, the kernel that has it and its gradient, on the backend under test. */
import * as tf from '@tensorflow/tfjs-core';
import { gradientLaws } from '../laws/gradients.ts';
import { ruleLaws } from '../laws/rules.ts';
import { BACKEND, describeBackend, thorough } from '../support/backends.ts';
import { test } from '../support/jest.ts';
import { large, largeTitle } from '../support/long.ts';

// minutes on a GPU in software
if (!thorough && !large) test.skip(largeTitle(`tangent rules, on ${BACKEND}`), () => {});
else {
  await describeBackend(largeTitle('tangent rules'), () => {
    // those of real GPUs on a software one, too
    if (BACKEND === 'webgpu') tf.env().set('WEBGPU_MATMUL_PROGRAM_TYPE', -1);

    ruleLaws(BACKEND);
    gradientLaws(thorough);
  });
}
