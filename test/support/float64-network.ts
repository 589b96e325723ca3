/** A dense tanh network with the squared error in float64, without TensorFlow.js: gradients, descent and the whole Hessian. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Widths of a network, and its data. */
export interface SmallProblem {
  /** From the inputs to the outputs. */
  readonly widths: readonly number[];
  readonly inputs: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  readonly samples: number;
}

/** Mean of half the squared distances, and its gradient by the parameters: of each layer weights [from, to], then biases. */
export function gradient(
  { widths, inputs, targets, samples }: SmallProblem,
  parameters: Float64Array,
): { loss: number; slope: Float64Array } {
  const slope = new Float64Array(parameters.length);
  const layers = widths.slice(1).map((to, i) => ({ from: widths[i]!, to }));
  let loss = 0;
  for (let sample = 0; sample < samples; sample++) {
    let values = Array.from({ length: widths[0]! }, (_, i) => inputs[sample * widths[0]! + i]!);
    const seen = [values];
    let offset = 0;
    for (const [depth, { from, to }] of layers.entries()) {
      const before = values;
      const at = offset;
      values = Array.from({ length: to }, (_, j) => {
        let sum = parameters[at + from * to + j]!;
        for (let i = 0; i < from; i++) sum += before[i]! * parameters[at + i * to + j]!;
        return depth < layers.length - 1 ? Math.tanh(sum) : sum;
      });
      seen.push(values);
      offset += from * to + to;
    }
    const outputs = widths.at(-1)!;
    let back = values.map((value, j) => (value - targets[sample * outputs + j]!) / samples);
    for (const [j, each] of back.entries()) loss += (each * (values[j]! - targets[sample * outputs + j]!)) / 2;
    for (let depth = layers.length - 1; depth >= 0; depth--) {
      const { from, to } = layers[depth]!;
      offset -= from * to + to;
      const [before, after, at] = [seen[depth]!, seen[depth + 1]!, offset];
      if (depth < layers.length - 1) back = back.map((each, j) => each * (1 - after[j]! ** 2));
      const next = new Array<number>(from).fill(0);
      for (const [j, each] of back.entries()) {
        slope[at + from * to + j]! += each;
        for (let i = 0; i < from; i++) {
          slope[at + i * to + j]! += before[i]! * each;
          next[i]! += parameters[at + i * to + j]! * each;
        }
      }
      back = next;
    }
  }
  return { loss, slope };
}

/** Full-batch gradient descent. */
export function descended(problem: SmallProblem, start: Float64Array, steps: number, rate: number): Float64Array {
  let parameters = start;
  for (let step = 0; step < steps; step++) {
    const { slope } = gradient(problem, parameters);
    parameters = parameters.map((value, i) => value - rate * slope[i]!);
  }
  return parameters;
}

/** Eigenvalues by magnitude of the Hessian, which is made of central differences of the gradient: errors near 1e-9. */
export function hessianEigenvalues(problem: SmallProblem, at: Float64Array): number[] {
  const n = at.length;
  const step = 1e-5;
  const columns = Array.from({ length: n }, (_, i) => {
    const shifted = (by: number): Float64Array => gradient(problem, at.with(i, at[i]! + by)).slope;
    const [after, before] = [shifted(step), shifted(-step)];
    return Array.from(after, (value, j) => (value - before[j]!) / (2 * step));
  });
  const H = new Matrix(columns);
  const { realEigenvalues } = new EigenvalueDecomposition(Matrix.add(H, H.transpose()).mul(0.5), {
    assumeSymmetric: true,
  });
  return realEigenvalues.sort((a, b) => Math.abs(b) - Math.abs(a));
}
