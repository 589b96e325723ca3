/** The curvature of a model that is in files, with its data in files: an operator without any code. */
import { atDoor } from '../core/door.ts';
import { ShapeError } from '../core/errors.ts';
import { choice, described, type Field, integer, optional, parseOptions, text, withDefault } from '../core/parse.ts';
import type { FileArray } from '../files/npy.ts';
import type { CurvatureOperator } from '../tfjs/operators/curvature.ts';

/** What {@link modelProblem} takes. */
export interface ModelProblemOptions {
  /** The model.json of a tf.LayersModel or tf.GraphModel, or its directory. */
  model: string;
  /** Samples, as `readArray` reads them: the first axis is the samples'. */
  data: string;
  /** What `loss` compares the outputs with: one row for each sample, or its class. */
  labels: string;
  /** The name of a member of tf.losses. Default: the loss that the model was compiled with. */
  loss?: string | undefined;
  /** Samples at a time. Default 64. */
  batch?: number | undefined;
  /** Default `'hessian'`. */
  curvature?: 'hessian' | 'ggn' | undefined;
  /** Only the weights of this layer, or whose names in a graph begin with `layer/`. */
  layer?: string | undefined;
  /** The node of a graph to take as output. */
  output?: string | undefined;
  /** The backend of TensorFlow.js. Default `'wasm'`. */
  backend?: string | undefined;
}

/** The fields of {@link ModelProblemOptions}. */
export const MODEL_PROBLEM_FIELDS: {
  readonly model: Field<string>;
  readonly data: Field<string>;
  readonly labels: Field<string>;
  readonly loss: Field<string | undefined>;
  readonly batch: Field<number>;
  readonly curvature: Field<'hessian' | 'ggn'>;
  readonly layer: Field<string | undefined>;
  readonly output: Field<string | undefined>;
  readonly backend: Field<string>;
} = {
  model: described(text, 'model.json of a TensorFlow.js model, in place of --operator'),
  data: described(text, 'samples in a .npy or .npz file'),
  labels: described(text, 'their labels: rows or classes'),
  loss: described(optional(text), "a name of tf.losses; default: the compiled model's"),
  batch: described(withDefault(integer(), 64), 'samples at a time'),
  curvature: described(withDefault(choice(['hessian', 'ggn']), 'hessian'), 'which matrix'),
  layer: described(optional(text), 'only the weights of this layer'),
  output: described(optional(text), 'a node of a graph model to end at'),
  backend: described(withDefault(text, 'wasm'), 'of TensorFlow.js'),
};

/** A part of an array as tensors are made of it. */
interface Rows {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** Rows `first` to `end`: integers as int32 where `integers` is set, everything else as float32. */
function rowsOf({ shape, data, dtype }: FileArray, first: number, end: number, integers: boolean): Rows {
  const size = shape.slice(1).reduce((product, length) => product * length, 1);
  const numbers = Array.from(data.subarray(first * size, end * size) as ArrayLike<number | bigint>, Number);
  const asIntegers = integers && !dtype.startsWith('float');
  return {
    data: asIntegers ? Int32Array.from(numbers) : Float32Array.from(numbers),
    shape: [end - first, ...shape.slice(1)],
  };
}

/** @throws ShapeError unless there is a label for each of at least one sample */
function checkSamples(data: FileArray, labels: FileArray): number {
  const [samples, others] = [data.shape[0], labels.shape[0]];
  if (samples !== undefined && samples > 0 && samples === others) return samples;
  throw new ShapeError(
    `data has the shape [${data.shape.join(', ')}] and labels [${labels.shape.join(', ')}]: the first axis of both is the ` +
      "samples', at least one",
    { data: data.shape, labels: labels.shape },
  );
}

/** A pattern for the weights of a layer: they are called `layer/kernel`. */
const ofLayer = (layer: string) => (name: string) => name === layer || name.startsWith(`${layer}/`);

/**
 * The Hessian or Gauss-Newton matrix of a model's mean loss over data, all of it in files.
 *
 * @example
 * const H = await modelProblem({ model: 'model.json', data: 'x.npy', labels: 'y.npy', loss: 'softmaxCrossEntropy' });
 * @throws StoreError and UnsupportedError as `loadModel` and `readArray` do, ShapeError for files of different lengths, and
 * what `hessian` throws
 */
export function modelProblem(options: ModelProblemOptions): Promise<CurvatureOperator> {
  return atDoor('modelProblem', async () => {
    const given = parseOptions(options, MODEL_PROBLEM_FIELDS);
    const { batch, layer, loss, output } = given;
    // Loaded when it is needed: the other commands do without TensorFlow.js.
    const { ggn, hessian, loadModel, useBackend } = await import('../tfjs/index.ts');
    const { readArray } = await import('../files/read-array.ts');
    await useBackend(given.backend as Parameters<typeof useBackend>[0]);
    const [model, data, labels] = await Promise.all([
      loadModel(given.model),
      readArray(given.data),
      readArray(given.labels),
    ]);
    const samples = checkSamples(data, labels);
    const { inputs } = model as { inputs?: readonly { dtype?: string }[] };
    const takesIntegers = inputs?.[0]?.dtype === 'int32';
    const batches = function* (): Generator<[Rows, Rows]> {
      for (let first = 0; first < samples; first += batch) {
        const end = Math.min(samples, first + batch);
        yield [rowsOf(data, first, end, takesIntegers), rowsOf(labels, first, end, true)];
      }
    };
    const problem = {
      model,
      data: batches as never,
      ...(loss === undefined ? {} : { loss: loss as 'softmaxCrossEntropy' }),
      ...(output === undefined ? {} : { output }),
      ...(layer === undefined ? {} : { parameters: ofLayer(layer) }),
    };
    return given.curvature === 'ggn' ? ggn(problem) : hessian(problem);
  });
}
