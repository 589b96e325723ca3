/** The three products of a convolution over images in the wasm backend's heap, each in two ways. */
import type { HeapArithmetic } from '../../../backends/wasm/heap-kernels/arithmetic.ts';
import type { Address } from '../../../backends/wasm/heap-kernels/module.ts';
import type { HeapWindows } from './heap-windows.ts';

/**
 * Products for `filters` filters over some `samples` whose images [...in, channels] and outputs [...out, filters] lie one after
 * the other. A filter is the matrix [depth, filters], depth = entries of the window x channels.
 */
export interface HeapProducts {
  /** `into` = the images' windows times the filter, added to what is there if `adds`. */
  output(images: Address, samples: number, filter: Address, into: Address, adds: boolean): void;
  /** `into` = images of the sum of terms dy filter^T at the windows' inputs. */
  inputGradient(terms: readonly InputTerm[], samples: number, into: Address): void;
  /** `into` = the images' windows, transposed, times dy, added to what is there if `adds`. */
  filterGradient(images: Address, samples: number, dy: Address, into: Address, adds: boolean): void;
}

export interface InputTerm {
  readonly dy: Address;
  readonly filter: Address;
}

/** What is convolved. */
export interface Sizes {
  readonly work: HeapArithmetic;
  readonly windows: HeapWindows;
  readonly channels: number;
  readonly filters: number;
  /** The most samples at a time. */
  readonly most: number;
}

/** The windows laid out as a matrix that stays in the processor's cache, and multiplied by the BLAS. */
export function productsByMatrix({ work, windows, channels, filters, most }: Sizes): HeapProducts {
  const { outputs, inputs, trivial } = windows;
  const depth = windows.entries * channels;
  const matrix = trivial ? 0 : work.scratch(most * outputs * depth);
  const laid = (images: Address, samples: number): Address => {
    if (trivial) return images;
    windows.lay(images, samples, channels, matrix);
    return matrix;
  };
  return {
    output(images, samples, B, C, adds) {
      work.multiply({ m: samples * outputs, n: filters, k: depth, A: laid(images, samples), B, C, beta: Number(adds) });
    },
    inputGradient(terms, samples, into) {
      const C = trivial ? into : matrix;
      const product = { m: samples * outputs, n: depth, k: filters, transB: true, C };
      for (const [i, { dy: A, filter: B }] of terms.entries()) work.multiply({ ...product, A, B, beta: Number(i > 0) });
      if (trivial) return;
      work.clear(into, samples * inputs * channels);
      windows.addBack(into, samples, channels, matrix);
    },
    filterGradient(images, samples, B, C, adds) {
      const product = { m: depth, n: filters, k: samples * outputs, transA: true };
      work.multiply({ ...product, A: laid(images, samples), B, C, beta: Number(adds) });
    },
  };
}

/** Of more filters, a BLAS is at least as fast, with the time for the windows. */
const FEW_FILTERS = 8;

/** Whether windows and so many filters are those that `directProducts` is for. */
export const isNarrow = ({ windows, filters }: Pick<Sizes, 'windows' | 'filters'>): boolean =>
  windows.isRuns && !windows.trivial && filters >= 4 && filters <= FEW_FILTERS;

/** Memory that is made when it is first used. */
function lazily(make: () => Address): () => Address {
  let made: Address | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Without a matrix: each number of an image is multiplied where it lies, in a frame of zeros. */
export function directProducts({ work, windows, channels, filters, most }: Sizes): HeapProducts {
  const { kernels } = work;
  windows.set();
  const [frameSize, runsSize] = [kernels.frameSize(channels), kernels.runsSize(channels, filters)];
  const sumsSize = kernels.sumsSize(channels, filters);
  const [imageSize, outputSize] = [windows.inputs * channels, windows.outputs * filters];
  const frame = lazily(() => work.scratch(frameSize));
  const runs = lazily(() => work.scratch(2 * runsSize));
  const sums = lazily(() => work.scratch(sumsSize));
  const results = lazily(() => work.scratch(most * outputSize));
  /** Calls `visit` with each sample's image in a frame of zeros and where its numbers lie among those of the outputs. */
  const eachFramed = (images: Address, samples: number, visit: (framed: Address, offset: number) => void): void => {
    windows.set();
    const framed = frame();
    work.clear(framed, frameSize);
    for (let n = 0; n < samples; n++) {
      kernels.enframe(images + 4 * n * imageSize, channels, framed);
      visit(framed, 4 * n * outputSize);
    }
  };
  return {
    output(images, samples, filter, into, adds) {
      const at = adds ? results() : into;
      eachFramed(images, samples, (framed, offset) => kernels.outputs(framed, channels, filter, filters, at + offset));
      if (adds) kernels.addRow(at, into, into, 1, samples * outputSize);
    },
    inputGradient(terms, samples, into) {
      windows.set();
      const laid = terms.map(({ dy, filter }, i) => {
        const at = runs() + 4 * i * runsSize;
        kernels.runsOf(filter, channels, filters, at);
        return { dy, at };
      });
      work.clear(into, samples * imageSize);
      const framed = frame();
      for (let n = 0; n < samples; n++) {
        work.clear(framed, frameSize);
        for (const { dy, at } of laid) kernels.addInputs(framed, channels, at, filters, dy + 4 * n * outputSize);
        kernels.unframe(framed, channels, into + 4 * n * imageSize);
      }
    },
    filterGradient(images, samples, dy, into, adds) {
      const total = sums();
      work.clear(total, sumsSize);
      eachFramed(images, samples, (framed, offset) =>
        kernels.addWeights(framed, channels, dy + offset, filters, total),
      );
      if (!adds) work.clear(into, windows.entries * channels * filters);
      kernels.weightsOf(total, channels, filters, into);
    },
  };
}
