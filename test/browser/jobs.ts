/** What is done in Node and in pages alike, to compare the two. */
import { zeros } from '../../src/core/block.ts';
import { apost, fromMatvec, type LinearOperator, seigh } from '../../src/index.ts';
import { fillColumns } from '../../src/linalg/kernels/random-columns.ts';
import { hessian } from '../../src/tfjs/index.ts';
import { type NetworkData, networkOf } from '../support/reference-networks.ts';

const SIZE = 1500;

/** A chain of coupled springs of random-looking stiffness, by float64 arithmetic that every engine does in the same way. */
export function chain(): LinearOperator {
  const stiffness = Float64Array.from({ length: SIZE }, (_, i) => 100 / (1 + ((i * 7919) % SIZE)) - 0.5);
  return fromMatvec({
    shape: [SIZE, SIZE],
    dtype: 'float64',
    selfAdjoint: true,
    matvec: (x) =>
      Float64Array.from(x, (value, i) => stiffness[i]! * value + 0.25 * ((x[i - 1] ?? 0) + (x[i + 1] ?? 0))),
  });
}

/** A sketch, whose bits no engine changes, and its certificate, for whose quantiles engines have logarithms of their own. */
export interface Certified {
  kernels: string;
  /** Eigenvalues and residual norms. */
  sketch: number[];
  /** Ends of intervals. */
  certificate: number[];
}

async function certifiedSketch(A: LinearOperator, dims: number): Promise<Certified> {
  const sketch = await seigh(A, dims, { seed: 3, kernels: 'wasm' });
  const certificate = await apost(A, sketch, { tests: 12, seed: 4, confidence: 0.99, kernels: 'wasm' });
  const { relativeError, errorFrob, operatorFrob } = certificate;
  return {
    kernels: sketch.kernels,
    sketch: [...sketch.eigenvalues, ...(sketch.residualNorms ?? [])],
    certificate: [relativeError, errorFrob, operatorFrob].flatMap(({ estimate, lower, upper }) => [
      estimate,
      lower,
      upper,
    ]),
  };
}

/** Random numbers of all distributions: a few, which are made in JavaScript, and some of many, which WebAssembly makes. */
export async function drawn(): Promise<number[]> {
  const numbers: number[] = [];
  for (const distribution of ['gaussian', 'rademacher', 'sparseSign'] as const) {
    for (const rows of [501, 20_001]) {
      const block = zeros(rows, 5, 'float64');
      await fillColumns(block, distribution, { seed: 5, purpose: 'test' }, 3);
      numbers.push(...block.data.subarray(-2000));
    }
  }
  return numbers;
}

/** Every number of a certified sketch, whose blocks are large enough for threads. */
export const certified = (): Promise<Certified> => certifiedSketch(chain(), 64);

/** The same of the Hessian of a reference network on the current backend of TensorFlow.js, with its loss first. */
export async function certifiedHessian(name: string, data: NetworkData): Promise<Certified> {
  const network = networkOf(name, data);
  const H = hessian({ ...network.problem, data: network.batches([network.samples]) as never });
  const loss = await H.loss();
  const { sketch, ...rest } = await certifiedSketch(H, 20);
  H.dispose();
  network.dispose();
  return { ...rest, sketch: [loss, ...sketch] };
}
