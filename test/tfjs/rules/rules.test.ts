/** Every kernel that has a tangent rule against float64 loops, and the rule against central differences of the kernel. */
import { RULES } from '../../../src/tfjs/autodiff/rules/index.ts';
import { useBackend } from '../../../src/tfjs/index.ts';
import { ruleLaws } from '../../laws/rules.ts';
import { beforeAll, describe, expect, test } from '../../support/jest.ts';
import { describeLarge } from '../../support/long.ts';
import { CASES } from './cases.ts';

test('every rule has a case here', () => {
  const covered = new Set(CASES.map(({ kernel }) => kernel));
  expect([...RULES.keys()].filter((kernel) => !covered.has(kernel))).toEqual([]);
});

const laws = (backend: 'cpu' | 'wasm') => (): void => {
  beforeAll(async () => {
    await useBackend(backend);
  });
  ruleLaws(backend);
};
describe('on backend wasm', laws('wasm'));
describeLarge('on backend cpu', laws('cpu'));
