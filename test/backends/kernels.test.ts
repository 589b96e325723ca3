/** The dense algebra's panel products on the device of the backend under test: a kernel provider like any other. */
import { withFasterPanels, withPanels } from '../../src/linalg/kernels/device.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { panelKernels } from '../../src/linalg/kernels/panels.ts';
import { type Kernels, SUMMED_ROWS } from '../../src/linalg/kernels/provider.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import { orthonormalise } from '../../src/multivector/orthonormalise.ts';
import { useBackend } from '../../src/tfjs/index.ts';
import { kernelLaws } from '../laws/kernels.ts';
import { BACKEND, describeBackend, describeThorough } from '../support/backends.ts';
import { expect, test } from '../support/jest.ts';
import { distance, frobenius, multiply, orthonormalityDefect, randomBlock, transposed } from '../support/matrices.ts';

/** A provider that takes this long for a product, and otherwise does what the reference does. */
const slow = (milliseconds: number, name: string): Kernels => ({
  ...jsKernels,
  name,
  times: async (X, C, out) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    out.data.fill(X.cols * C.cols);
  },
});

test('the device gets what a trial finds faster there, and nothing where that is nothing', async () => {
  const panels = { name: 'a device', addGram: jsKernels.addGram, times: slow(1, '').times };
  expect((await withFasterPanels(slow(40, 'slow host'), panels)).name).toBe('slow host and a device');
  const host = slow(0, 'fast host');
  expect(await withFasterPanels(host, { ...panels, times: slow(60, '').times })).toBe(host);
});

if (BACKEND === 'webgpu') {
  await describeBackend('dense kernels', () => {
    describeThorough('laws', () => kernelLaws('device', () => selectKernels('device')));

    test('partial sums of float32 panels are added in float64', async () => {
      const device = withPanels(jsKernels, panelKernels()!, 0);
      const [X, Y] = [randomBlock(20_000, 6, 1, 'float32'), randomBlock(20_000, 5, 2, 'float32')];
      const exact = multiply(transposed(X), Y);
      const G = { rows: 6, cols: 5, data: new Float64Array(30) };
      await device.addGram(X, Y, G);
      expect(distance(exact, G)).toBeLessThan(2 ** -24 * Math.sqrt(SUMMED_ROWS) * frobenius(X) * frobenius(Y));
      expect(G.data.some((value) => value !== Math.fround(value))).toBe(true);
    });

    test('orthonormalisation comes to the same level as on the host', async () => {
      const Y = randomBlock(500, 30, 3, 'float32');
      for (let i = 0; i < 500; i++) for (let j = 0; j < 30; j++) Y.data[i * 30 + j]! *= 10 ** (-j / 6);
      const kernels = await selectKernels('device');
      const space = hostSpace(500, 'float32');
      const { basis, dropped } = await orthonormalise(await multivectorOf(Y, 'float32'), space, { kernels });
      expect(dropped).toBe(0);
      expect(await orthonormalityDefect(basis)).toBeLessThan(1e-5);
    });

    test('the name says both; without a GPU in use there is none', async () => {
      expect((await selectKernels('device')).name).toMatch(/^.+ and webgpu \(.+\)$/);
      await useBackend('wasm');
      await expect(selectKernels('device')).rejects.toThrow("kernels 'device' need a GPU in use");
      await useBackend(BACKEND);
    });
  });
}
