/** A host provider whose large float32 panel products go to a device. */
import { type Block, type Matrix, zeroMatrix, zeros } from '../../core/block.ts';
import { dtypeOf } from '../../core/dtype.ts';
import type { PanelKernels } from './panels.ts';
import type { Kernels } from './provider.ts';

/**
 * `host`, with panel products of at least `leastWork` floating-point operations on the device; but not X^T X, of which the
 * host computes half, nor products with float64 data, whose digits it would lose.
 */
export function withPanels(host: Kernels, panels: PanelKernels, leastWork: number): Kernels {
  const pays = (X: Block, cols: number): boolean =>
    dtypeOf(X.data) === 'float32' && 2 * X.rows * X.cols * cols >= leastWork;
  return {
    name: `${host.name} and ${panels.name}`,
    addGram: (X, Y, G, symmetric) =>
      X.data !== Y.data && dtypeOf(Y.data) === 'float32' && pays(X, Y.cols)
        ? panels.addGram(X, Y, G)
        : host.addGram(X, Y, G, symmetric),
    times: (X, C, out) => (pays(X, C.cols) ? panels.times(X, C, out) : host.times(X, C, out)),
    solve: (X, R) => host.solve(X, R),
    subtract: async (X, C, Z) => {
      if (!pays(X, C.cols)) return host.subtract(X, C, Z);
      const product = zeros(Z.rows, Z.cols, 'float32');
      await panels.times(X, C, product);
      for (let at = 0; at < product.data.length; at++) Z.data[at]! -= product.data[at]!;
    },
    addOverlap: (V, X, S) => host.addOverlap(V, X, S),
    subtractColumns: (V, C, X) => host.subtractColumns(V, C, X),
    gemm: (A, B, options) => host.gemm(A, B, options),
    eigh: (A) => host.eigh(A),
  };
}

const ROWS = 2048;
const WIDTHS = [64, 128, 256, 512, 1024];
/** A device this much slower than the host does not become faster with size. */
const HOPELESS = 8;

async function secondsOf(kernels: Pick<Kernels, 'times'>, X: Block, C: Matrix, out: Block): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const started = performance.now();
    await kernels.times(X, C, out);
    // the first run compiles
    if (i > 0) least = Math.min(least, performance.now() - started);
  }
  return least / 1000;
}

/** Floating-point operations from which on the device is faster than the host, copies included; infinite if never. */
async function leastWorkOf(host: Kernels, panels: PanelKernels): Promise<number> {
  for (const width of WIDTHS) {
    const [X, C, out] = [zeros(ROWS, width, 'float32'), zeroMatrix(width, width), zeros(ROWS, width, 'float32')];
    const [onDevice, onHost] = [await secondsOf(panels, X, C, out), await secondsOf(host, X, C, out)];
    if (onDevice < onHost) return 2 * ROWS * width ** 2;
    if (onDevice > HOPELESS * onHost && width > WIDTHS[0]!) break;
  }
  return Number.POSITIVE_INFINITY;
}

const calibrations = new Map<string, Promise<number>>();

/** `host` with the device for what a short trial, made once, finds it faster for; `host` itself where that is nothing. */
export async function withFasterPanels(host: Kernels, panels: PanelKernels): Promise<Kernels> {
  const key = `${host.name} | ${panels.name}`;
  const calibration = calibrations.get(key) ?? leastWorkOf(host, panels);
  calibrations.set(key, calibration);
  const leastWork = await calibration;
  return Number.isFinite(leastWork) ? withPanels(host, panels, leastWork) : host;
}
