/** Windows of two or three spatial axes laid out in the wasm backend's heap: see `patches.ts` for any backend. */
import type { Address, HeapKernels } from '../../../backends/wasm/heap-kernels/module.ts';
import { type Axis, count, isIdentity } from './window.ts';

/** A plane is a space of one plane. */
const FLAT: Axis = { input: 1, output: 1, filter: 1, stride: 1, dilation: 1, before: 0 };

/** The windows over images [...in, channels] and their matrices [outputs, entries channels]. */
export class HeapWindows {
  /** Positions, outputs, and entries of a window. */
  readonly inputs: number;
  readonly outputs: number;
  readonly entries: number;
  /** Whether each window is one input and each input is in one window: image and matrix are then the same numbers. */
  readonly trivial: boolean;
  /** Whether a row of a window is a run of adjacent inputs: of a plane, with columns that are not dilated. */
  readonly isRuns: boolean;
  readonly #kernels: HeapKernels;
  readonly #space: readonly [planes: Axis, rows: Axis, cols: Axis];

  constructor(kernels: HeapKernels, axes: readonly Axis[]) {
    this.#kernels = kernels;
    this.#space = axes.length === 3 ? (axes as [Axis, Axis, Axis]) : [FLAT, ...(axes as [Axis, Axis])];
    this.inputs = count(axes, 'input');
    this.outputs = count(axes, 'output');
    this.entries = count(axes, 'filter');
    this.trivial = isIdentity(axes);
    this.isRuns = axes.length === 2 && axes[1]!.dilation === 1;
  }

  /** Writes the matrices of some images, zeros outside. */
  lay(images: Address, count: number, channels: number, into: Address): void {
    const { patches } = this.#kernels;
    this.#eachPlane(images, count, channels, into, patches);
  }

  /** The transpose: adds the matrices to the images. */
  addBack(images: Address, count: number, channels: number, from: Address): void {
    const { addPatches } = this.#kernels;
    this.#eachPlane(images, count, channels, from, (plane, ...rest) => {
      if (plane !== 0) addPatches(plane, ...rest);
    });
  }

  /** Writes for each output and channel of some images of one plane the place of its largest input: see `window-maxima.ts`. */
  maxima(images: Address, count: number, channels: number, into: Address): void {
    this.set();
    const [size, results] = [this.inputs * channels, this.outputs * channels];
    for (let n = 0; n < count; n++) {
      this.#kernels.maxima(images + 4 * n * size, channels, n * size, into + 4 * n * results);
    }
  }

  /** Tells the kernels where the windows lie. */
  set(): void {
    const [, rows, cols] = this.#space;
    for (const [set, axis] of [
      [this.#kernels.setRows, rows],
      [this.#kernels.setColumns, cols],
    ] as const) {
      set(axis.input, axis.output, axis.filter, axis.stride, axis.dilation, axis.before);
    }
  }

  /** Calls `visit` with each plane of the windows and the plane of the images it lies over, 0 outside. */
  #eachPlane(
    images: Address,
    count: number,
    channels: number,
    matrices: Address,
    visit: (plane: Address, channels: number, matrix: Address, stride: number) => void,
  ): void {
    this.set();
    const [planes, rows, cols] = this.#space;
    const bytes = 4 * channels;
    const stride = this.entries * bytes;
    for (let n = 0; n < count; n++) {
      const image = images + n * this.inputs * bytes;
      for (let o = 0; o < planes.output; o++) {
        const outputs = (n * planes.output + o) * rows.output * cols.output;
        for (let k = 0; k < planes.filter; k++) {
          const input = o * planes.stride - planes.before + k * planes.dilation;
          const inside = input >= 0 && input < planes.input;
          const plane = inside ? image + input * rows.input * cols.input * bytes : 0;
          visit(plane, channels, matrices + outputs * stride + k * rows.filter * cols.filter * bytes, stride);
        }
      }
    }
  }
}
