/**
 * Tangents of convolutions in the wasm backend's heap. A few samples and one direction at a time are multiplied where they are,
 * and what comes out goes to its place in the block.
 */
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { currentBackend } from '../../../backends/current.ts';
import type { HeapArithmetic } from '../../../backends/wasm/heap-kernels/arithmetic.ts';
import { Images, type Part, partsOf } from '../../../backends/wasm/heap-kernels/images.ts';
import type { Address } from '../../../backends/wasm/heap-kernels/module.ts';
import { blockSize } from '../block-axis.ts';
import { directProducts, type HeapProducts, type InputTerm, isNarrow, productsByMatrix } from './heap-products.ts';
import { HeapWindows } from './heap-windows.ts';
import type { Axis } from './window.ts';

/** Tangents of a convolution's three products by both factors; at least one is there. */
export interface ConvolutionTangents {
  /** Of the output: `dx` [N, ...in, C, b] and `dfilter` [...k, C, O, b] to [N, ...out, O, b]. */
  output(x: Tensor, filter: Tensor, dx?: Tensor, dfilter?: Tensor): Tensor;
  /** Of the gradient by the input: `ddy` [N, ...out, O, b] and `dfilter` to [N, ...in, C, b]. */
  inputGradient(dy: Tensor, filter: Tensor, ddy?: Tensor, dfilter?: Tensor): Tensor;
  /** Of the gradient by the filter: `dx` and `ddy` to [...k, C, O, b]. */
  filterGradient(x: Tensor, dy: Tensor, dx?: Tensor, ddy?: Tensor): Tensor;
}

/** Numbers of a matrix of windows: 1 MB, about a core's second cache. */
const MATRIX_NUMBERS = 2 ** 18;

/** One convolution's windows and channels: sizes of what is multiplied. */
class Convolution {
  readonly work: HeapArithmetic;
  readonly windows: HeapWindows;
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  /** Samples at a time. Larger weights are worth larger matrices: they are read once for each. */
  readonly most: number;

  constructor(work: HeapArithmetic, axes: readonly Axis[], batch: number, channels: number, filters: number) {
    this.work = work;
    this.windows = new HeapWindows(work.kernels, axes);
    [this.batch, this.channels, this.filters] = [batch, channels, filters];
    const depth = this.windows.entries * channels;
    const numbers = Math.max(MATRIX_NUMBERS, depth * filters);
    this.most = Math.max(1, Math.min(batch, Math.floor(numbers / (this.windows.outputs * depth))));
  }

  get imageSize(): number {
    return this.windows.inputs * this.channels;
  }

  get outputSize(): number {
    return this.windows.outputs * this.filters;
  }

  get filterSize(): number {
    return this.windows.entries * this.channels * this.filters;
  }

  /** The products for so many times the filters. */
  products(width = 1): HeapProducts {
    const sizes = { ...this, filters: this.filters * width };
    return isNarrow(sizes) ? directProducts(sizes) : productsByMatrix(sizes);
  }

  /** The parts of a block, or of the samples alone. */
  parts(width = 1): Iterable<Part> {
    return partsOf(this.batch, width, this.most);
  }

  images(block: Address, size: number, width: number): Images {
    return new Images(this.work, block, size, width, this.most);
  }

  /** The columns of a block of filters. */
  filterColumns(block: Address, width: number): { images: Images; all: Part } {
    const all: Part = { first: 0, samples: 1, column: 0, columns: width };
    return { images: new Images(this.work, block, this.filterSize, width, 1, width), all };
  }
}

type Sizes = readonly [batch: number, channels: number, filters: number];

const last = ({ shape }: Tensor): number => shape[shape.length - 1]!;

/** y = x * filter: every direction of x is an image of its own; those of the filter are more filters. */
function outputTangent(sizes: Convolution, x: Tensor, filter: Tensor, y: Tensor, dx?: Tensor, dfilter?: Tensor): void {
  const { work, imageSize, outputSize } = sizes;
  const width = blockSize(y);
  const into = work.address(y);
  if (dx) {
    const products = sizes.products();
    const inputs = sizes.images(work.address(dx), imageSize, width);
    const outputs = sizes.images(into, outputSize, width);
    for (const part of sizes.parts(width)) {
      inputs.load(part);
      for (let j = 0; j < part.columns; j++) {
        const [from, to] = [inputs.column(part, j), outputs.column(part, j)];
        products.output(from, part.samples, work.address(filter), to, false);
      }
      outputs.store(part);
    }
  }
  if (dfilter) {
    const products = sizes.products(width);
    for (const { first, samples } of sizes.parts()) {
      const images = work.address(x) + 4 * first * imageSize;
      const to = into + 4 * first * outputSize * width;
      products.output(images, samples, work.address(dfilter), to, dx !== undefined);
    }
  }
}

/** dx = dy * filter^T, where both terms of a direction meet before they are added up at the inputs. */
function inputTangent(sizes: Convolution, dy: Tensor, filter: Tensor, x: Tensor, ddy?: Tensor, dfilter?: Tensor): void {
  const { work, imageSize, outputSize } = sizes;
  const width = blockSize(x);
  const products = sizes.products();
  const cotangents = ddy && sizes.images(work.address(ddy), outputSize, width);
  const results = sizes.images(work.address(x), imageSize, width);
  const filterBlock = dfilter && sizes.filterColumns(work.address(dfilter), width);
  filterBlock?.images.load(filterBlock.all);
  for (const part of sizes.parts(width)) {
    cotangents?.load(part);
    for (let j = 0; j < part.columns; j++) {
      const terms: InputTerm[] = [];
      if (cotangents) terms.push({ dy: cotangents.column(part, j), filter: work.address(filter) });
      if (filterBlock) {
        const column = filterBlock.images.column(filterBlock.all, part.column + j);
        terms.push({ dy: work.address(dy) + 4 * part.first * outputSize, filter: column });
      }
      products.inputGradient(terms, part.samples, results.column(part, j));
    }
    results.store(part);
  }
}

/** dfilter = x^T * dy, added up over the samples. */
function filterTangent(sizes: Convolution, x: Tensor, dy: Tensor, filter: Tensor, dx?: Tensor, ddy?: Tensor): void {
  const { work, imageSize, outputSize } = sizes;
  const width = blockSize(filter);
  const into = work.address(filter);
  if (dx) {
    const products = sizes.products();
    const inputs = sizes.images(work.address(dx), imageSize, width);
    const { images: results, all } = sizes.filterColumns(into, width);
    for (const part of sizes.parts(width)) {
      inputs.load(part);
      const by = work.address(dy) + 4 * part.first * outputSize;
      for (let j = 0; j < part.columns; j++) {
        const to = results.column(all, part.column + j);
        products.filterGradient(inputs.column(part, j), part.samples, by, to, part.first > 0);
      }
    }
    results.store(all);
  }
  if (ddy) {
    const products = sizes.products(width);
    for (const { first, samples } of sizes.parts()) {
      const by = work.address(ddy) + 4 * first * outputSize * width;
      products.filterGradient(
        work.address(x) + 4 * first * imageSize,
        samples,
        by,
        into,
        dx !== undefined || first > 0,
      );
    }
  }
}

const spatial = (axes: readonly Axis[], size: 'input' | 'output' | 'filter'): number[] =>
  axes.map((axis) => axis[size]);

/** The tangents for these windows; undefined where there is no such heap or no BLAS. */
export function inPlaceTangents(axes: readonly Axis[]): ConvolutionTangents | undefined {
  const work = currentBackend().heap?.arithmetic();
  if (work === undefined) return undefined;
  /** A result of the shape given, and what its convolution is. */
  const fill = (shape: readonly number[], sizes: Sizes, write: (sizes: Convolution, result: Tensor) => void): Tensor =>
    tidy(() => {
      const result = work.output(shape);
      write(new Convolution(work, axes, ...sizes), result);
      return result;
    });
  return {
    output(x, filter, dx, dfilter) {
      const sizes: Sizes = [x.shape[0], last(x), last(filter)];
      const shape = [sizes[0], ...spatial(axes, 'output'), sizes[2], blockSize((dx ?? dfilter)!)];
      return fill(shape, sizes, (each, y) => outputTangent(each, x, filter, y, dx, dfilter));
    },
    inputGradient(dy, filter, ddy, dfilter) {
      const sizes: Sizes = [dy.shape[0], filter.shape[filter.rank - 2]!, last(dy)];
      const shape = [sizes[0], ...spatial(axes, 'input'), sizes[1], blockSize((ddy ?? dfilter)!)];
      return fill(shape, sizes, (each, x) => inputTangent(each, dy, filter, x, ddy, dfilter));
    },
    filterGradient(x, dy, dx, ddy) {
      const sizes: Sizes = [x.shape[0], last(x), last(dy)];
      const shape = [...spatial(axes, 'filter'), sizes[1], sizes[2], blockSize((dx ?? ddy)!)];
      return fill(shape, sizes, (each, filter) => filterTangent(each, x, dy, filter, dx, ddy));
    },
  };
}
