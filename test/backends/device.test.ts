/** The door to WebGPU and what happens when the device does not do as it should. */
import process from 'node:process';
import * as tf from '@tensorflow/tfjs-core';
import { DeviceError, seigh, UnsupportedError } from '../../src/index.ts';
import { currentBackend } from '../../src/tfjs/backends/current.ts';
import { type BackendRecord, type CurvatureOperator, hessian, useBackend } from '../../src/tfjs/index.ts';
import { startBackend } from '../../src/tfjs/use-backend.ts';
import { BACKEND, describeBackend, describeOn, testThorough, tryBackend } from '../support/backends.ts';
import { command } from '../support/command.ts';
import { relativeError } from '../support/dense.ts';
import { afterEach, expect, jest, test } from '../support/jest.ts';
import { randomBlock } from '../support/matrices.ts';
import { skippedTitle } from '../support/skips.ts';

/** f(W) = sum of (x W)^4 over samples and outputs: a Hessian of one block for each output. */
function quartic(inputs: number, outputs: number): CurvatureOperator {
  const W = tf.variable(tf.mul(0.1, tf.randomNormal([inputs, outputs], 0, 1, 'float32', 1)));
  const x = tf.randomNormal([3, inputs], 0, 1, 'float32', 2);
  const model = (batch: tf.Tensor): tf.Tensor => tf.matMul(batch, W as tf.Tensor);
  const loss = (y: tf.Tensor): tf.Tensor => tf.sum(tf.square(tf.square(y)));
  return hessian({ model, loss, parameters: [W], data: [[x, 0]] });
}

const device = (): { destroy(): void } => (tf.backend() as unknown as { device: { destroy(): void } }).device;

if (BACKEND === 'webgpu') {
  const record = (await tryBackend()) as BackendRecord;
  await describeBackend('the device', () => {
    afterEach(() => {
      jest.restoreAllMocks();
    });

    test('is described: name, driver, limits, software or not', () => {
      expect(record.package).toMatch(/^@tensorflow\/tfjs-backend-webgpu \d/);
      expect(record.device.length).toBeGreaterThan(0);
      expect(record.adapter!.vendor.length).toBeGreaterThan(0);
      expect(typeof record.adapter!.software).toBe('boolean');
      expect(record.adapter!.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(2 ** 27);
      expect(quartic(4, 2).backend).toBe(`webgpu (${record.device}${record.adapter!.software ? ', software' : ''})`);
    });

    test('that is software is refused where hardware is required', async () => {
      const attempt = useBackend('webgpu', { requireHardware: true });
      if (!record.adapter!.software) expect((await attempt).device).toBe(record.device);
      else {
        await expect(attempt).rejects.toThrow(UnsupportedError);
        await expect(attempt).rejects.toThrow(
          /requireHardware, but the only adapter is a software one \(.+\); install/,
        );
      }
    });

    test('cannot be exchanged for another while it works', async () => {
      await expect(useBackend('webgpu', { adapter: 'Voodoo 2' })).rejects.toThrow(
        /runs on .+ already, not on 'Voodoo 2'/,
      );
    });

    test('reads nothing synchronously and gives memory back that a product took', async () => {
      const readSync = jest.spyOn(tf.backend() as unknown as { readSync(): unknown }, 'readSync');
      const H = quartic(20, 3);
      await seigh(H, 12, { seed: 1, blockSize: 4 });
      expect(readSync).not.toHaveBeenCalled();
      H.dispose();
    });

    testThorough('is tried with blocks of several widths before a block size is chosen', async () => {
      const H = quartic(20, 3);
      expect(H.preferredBlockSize).toBe(64);
      const matmat = jest.spyOn(H, 'matmat');
      await Promise.all([H.calibrate(), H.calibrate()]);
      const widths = matmat.mock.calls.map(([X]) => X.cols);
      expect(widths.slice(0, 4)).toEqual([16, 16, 64, 64]);
      expect(widths).toContain(H.preferredBlockSize);
      await H.calibrate();
      expect(matmat).toHaveBeenCalledTimes(widths.length);
      H.dispose();
    });

    test('that refuses a buffer makes an error, and works on', async () => {
      const tooLarge = (): Promise<unknown> => {
        const elements = record.adapter!.limits.maxBufferSize / 4 + 1024;
        return currentBackend().onDevice(() =>
          tf
            .tidy(() => tf.fill([elements], 1))
            .sum()
            .data(),
        );
      };
      await expect(tooLarge()).rejects.toThrow(DeviceError);
      await expect(tooLarge()).rejects.toMatchObject({ code: 'DEVICE', values: { reason: 'too-large' } });
      expect([...(await currentBackend().onDevice(() => tf.add([1, 2], [3, 4]).data()))]).toEqual([4, 6]);
    });

    test('that is lost in the middle of a run ends it with an error, and a new one takes its place', async () => {
      const H = quartic(40, 3);
      const run = seigh(H, 60, {
        blockSize: 10,
        onProgress: ({ done }) => {
          if (done === 20) device().destroy();
        },
      });
      await expect(run).rejects.toThrow(DeviceError);
      await expect(run).rejects.toMatchObject({ code: 'DEVICE', values: { reason: 'lost' } });
      await expect(run).rejects.toThrow(/^seigh: the GPU device was lost \(.+\); .*call useBackend\('webgpu'\)/);
      await useBackend('webgpu');
      const again = quartic(40, 3);
      expect((await seigh(again, 60, { blockSize: 10 })).rank).toBeGreaterThan(0);
      again.dispose();
    });

    testThorough(
      'that takes smaller buffers than a block gets it in parts, and a warning says so',
      async () => {
        device().destroy();
        await new Promise((resolve) => setImmediate(resolve));
        const small = { requireHardware: false, maxBufferBytes: 2 ** 27 };
        const limits = (await startBackend('webgpu', small)).adapter!.limits;
        expect(limits.maxStorageBufferBindingSize).toBe(2 ** 27);
        const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
        // 40,000 x 1,000 numbers are 160 MB; only eight parameters matter
        const w = tf.variable(tf.linspace(-1, 1, 40_000));
        const H = hessian({
          model: () => tf.slice(w, [0], [8]),
          loss: (y) => tf.sum(tf.square(tf.square(y))),
          parameters: [w],
          data: [[tf.zeros([1]), 0]],
          memory: 2 ** 32,
          check: false,
        });
        const X = randomBlock(H.numParameters, 1000, 1, 'float32');
        const Y = await H.matmat(X);
        expect(warn).toHaveBeenCalledTimes(1);
        expect(warn.mock.calls[0]![0]).toBe(
          'hessian: a block of 1000 columns is split into blocks of 838: the device takes buffers of at most 134217728 bytes',
        );
        for (const column of [0, 837, 838, 999]) {
          const one = { rows: X.rows, cols: 1, data: X.data.filter((_, i) => i % 1000 === column) };
          const expected = await H.matmat(one);
          expect(
            relativeError(
              Y.data.filter((_, i) => i % 1000 === column),
              expected.data,
            ),
          ).toBeLessThan(1e-6);
        }
        H.dispose();
      },
      60_000,
    );
  });

  describeOn(record, 'a process', () => {
    const script = (body: string): string =>
      `import * as tf from '@tensorflow/tfjs-core'; import { useBackend } from 'eigensketch/tfjs'; ${body}`;
    const inProcess = (body: string, ...settings: string[]) =>
      command('env', [...settings, process.execPath, '--input-type=module', '-e', script(body)]);

    test('ends by itself after it has used the GPU', async () => {
      const { stdout } = await inProcess(
        "await useBackend('webgpu'); console.log(String(await tf.matMul([[1, 2]], [[3], [4]]).data()));",
      );
      expect(stdout.trim()).toBe('11');
    }, 20_000);

    testThorough(
      'without any driver is told what to install',
      async () => {
        const { stdout } = await inProcess(
          "await useBackend('webgpu').catch((error) => console.log(error.code, error.message));",
          'VK_ICD_FILENAMES=/nowhere.json',
          'VK_DRIVER_FILES=/nowhere.json',
        );
        expect(stdout).toMatch(
          /^UNSUPPORTED useBackend: backend 'webgpu' found no GPU adapter on this machine; install/,
        );
      },
      20_000,
    );

    testThorough(
      'that asks for an adapter by a wrong name is told which there are',
      async () => {
        const { stdout } = await inProcess(
          "await useBackend('webgpu', { adapter: 'Voodoo 2' }).catch((error) => console.log(error.message));",
        );
        expect(stdout).toMatch(/^useBackend: no GPU adapter 'Voodoo 2'; there are: \S+/);
      },
      20_000,
    );
  });
} else {
  test.skip(skippedTitle('the device of WebGPU', `the suites run on ${BACKEND}`), () => {});
}
