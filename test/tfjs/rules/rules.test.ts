/** Every tangent rule against central differences of its kernel. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { RULES } from '../../../src/tfjs/autodiff/rules/index.ts';
import { useBackend } from '../../../src/tfjs/index.ts';
import { outputsOf, ruleLaws } from '../../laws/rules.ts';
import { relativeError } from '../../support/dense.ts';
import { CASES } from './cases.ts';

test('every rule has a case here', () => {
  const covered = new Set(CASES.map(({ kernel }) => kernel));
  expect([...RULES.keys()].filter((kernel) => !covered.has(kernel))).toEqual([]);
});

describe.each(['cpu', 'wasm'] as const)('on backend %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });
  ruleLaws(backend);
});

test.each(CASES.map((example) => [example.kernel, example.what, example] as const))(
  'the kernel %s is the same on cpu and wasm: %s',
  async (_kernel, _what, example) => {
    await useBackend('cpu');
    const expected = await outputsOf(example, 0);
    await useBackend('wasm');
    expect(relativeError(await outputsOf(example, expected.length), expected)).toBeLessThan(1e-5);
  },
);
