/** The gradient function of every kernel with a tangent rule, and the gradient of the gradient. */
import { useBackend } from '../../../src/tfjs/index.ts';
import { gradientLaws } from '../../laws/gradients.ts';
import { beforeAll, describe } from '../../support/jest.ts';
import { describeLarge, long } from '../../support/long.ts';

const laws = (backend: 'cpu' | 'wasm') => (): void => {
  beforeAll(async () => {
    await useBackend(backend);
  });
  gradientLaws(backend === 'wasm' || long);
};
describe('on backend wasm', laws('wasm'));
describeLarge('on backend cpu', laws('cpu'));
