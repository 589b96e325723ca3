/** The gradient function of every kernel with a tangent rule, and the gradient of the gradient. */
import { beforeAll, describe } from '@jest/globals';
import { useBackend } from '../../../src/tfjs/index.ts';
import { gradientLaws } from '../../laws/gradients.ts';
import { long } from '../../support/long.ts';

describe.each(['cpu', 'wasm'] as const)('on backend %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });
  gradientLaws(backend === 'wasm' || long);
});
