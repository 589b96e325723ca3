/**
 * Checks one model in a process of its own: `node dist/test/models/check.js CASE DIRECTORY`, CASE a {@link ModelCase} as JSON. Makes
 * products of the Hessian with two random directions, leaves what the reference reads in DIRECTORY, and prints a
 * {@link Finding}.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import * as tf from '@tensorflow/tfjs-core';
import { type Block, zeros } from '../../src/core/block.ts';
import { EigensketchError } from '../../src/core/errors.ts';
import { fillRandom } from '../../src/core/random.ts';
import { hessian, loadModel, useBackend } from '../../src/tfjs/index.ts';
import { relativeError } from '../support/dense.ts';
import { EXACT, type ModelCase, ROOM } from './catalogue.ts';
import { FACE_API_NETS, loadNet } from './face-api.ts';
import { store, trace } from './trace.ts';

/** What a run of a model showed. */
export interface Finding {
  readonly kind: 'graph' | 'layers' | 'function';
  /** Numbers in the parameters. */
  readonly parameters?: number;
  /** Shapes by name. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs?: number;
  readonly loss?: number;
  /** |x^T H y - y^T H x| sqrt(n) / ||H [x y]||_F for directions x and y of length one: about the relative error of H y. */
  readonly asymmetry?: number;
  /** Relative errors of the loss, the gradient and both products, against float64. */
  readonly errors?: readonly number[];
  /** What rounding to float32 can make of the same, where these are more than {@link EXACT}. */
  readonly rounding?: Rounding;
  /** Why there is no float64 evaluation. */
  readonly noReference?: string;
  /** Weights that the loss does not depend on, which are left out as the library asks. */
  readonly leftOut?: number;
  /** Of the library. */
  readonly commit?: string;
  /** The library's refusal, or whatever else was thrown. */
  readonly error?: {
    readonly name: string;
    readonly message: string;
    readonly code?: string;
    readonly values?: unknown;
  };
  readonly seconds?: number;
}

/** Relative errors of PyTorch's own evaluations, for each the largest of the loss's, the gradient's and the products'. */
export interface Rounding {
  /** Computed in float32. */
  readonly float32: number;
  /** Computed in float64 from operands that are rounded to float32 at random, once each; none where float32 explains the error. */
  readonly random: readonly number[];
}

/** Debian's Python, for which PyTorch is packaged. */
const PYTHON = '/usr/bin/python3';
const REFERENCE = 'test/models/graph_model.py';

/** Uniform numbers between 0 and 1, by the error function's approximation of the normal law: a pure function of the seed. */
function uniform(size: number, seed: number): Float32Array {
  const block = zeros(size, 1, 'float32');
  fillRandom(block, 'gaussian', { seed, purpose: 'synthetic' }, 0);
  return (block.data as Float32Array).map((value) => 1 / (1 + Math.exp(-1.702 * value)));
}

/** Two directions of length one. */
function directions(rows: number): Block {
  const X = zeros(rows, 2, 'float32');
  fillRandom(X, 'gaussian', { seed: 1, purpose: 'synthetic' }, 0);
  for (const j of [0, 1]) {
    let square = 0;
    for (let i = 0; i < rows; i++) square += X.data[2 * i + j]! ** 2;
    for (let i = 0; i < rows; i++) X.data[2 * i + j]! /= Math.sqrt(square);
  }
  return X;
}

const column = ({ rows, data }: Block, j: number): Float32Array =>
  Float32Array.from({ length: rows }, (_, i) => data[2 * i + j]!);
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

interface InputInfo {
  readonly name: string;
  readonly shape?: readonly (number | null)[];
  readonly dtype?: string;
}

/** Pixels between 0 and 1, or 0 and 255 for integers; sizes that the model leaves open are one unless the case says them. */
function inputsOf(infos: readonly InputInfo[], given: ModelCase['inputs'] = {}): Record<string, tf.Tensor> {
  return Object.fromEntries(
    infos.map(({ name, shape = [], dtype }, at) => {
      const sizes = given[name]?.shape ?? shape.map((size) => (size === null || size < 0 ? 1 : size));
      const values = uniform(
        sizes.reduce((product, size) => product * size, 1),
        10 + at,
      );
      const scaled = given[name]?.value === undefined ? values : values.fill(given[name].value);
      const tensor =
        dtype === 'int32'
          ? tf.tensor(
              Int32Array.from(scaled, (value) => Math.floor(256 * value)),
              sizes as number[],
              'int32',
            )
          : tf.tensor(scaled, sizes as number[], 'float32');
      return [name, tensor];
    }),
  );
}

/** The float tensors of what a model returns. */
function floatsOf(outputs: unknown): tf.Tensor[] {
  if (outputs instanceof tf.Tensor) return outputs.dtype === 'float32' ? [outputs] : [];
  return Object.values(outputs as object).flatMap(floatsOf);
}

/** Weighs pixels and probabilities alike, and has no labels. */
const loss = (outputs: unknown): tf.Tensor =>
  tf.addN(floatsOf(outputs).map((output) => tf.mean(tf.log(tf.add(1, tf.square(output))))));

interface Weight {
  readonly name: string;
  readonly val: tf.Tensor;
}

/** A model that is read. */
interface Loaded {
  readonly kind: Finding['kind'];
  readonly model: unknown;
  readonly inputs: Record<string, tf.Tensor>;
  readonly outputNodes?: readonly string[];
  readonly parameters?: readonly tf.Variable[];
  /** What the parameters may be, of a model that is no graph, and how to call it. */
  readonly code?: {
    readonly weights: readonly Weight[];
    readonly call: () => unknown;
    /** What regularizers add to the loss. */
    readonly penalties?: () => readonly tf.Tensor[];
  };
}

async function load({ path, net, inputs: given }: ModelCase): Promise<Loaded> {
  if (net) {
    const { model, parameters } = await loadNet(path, net);
    const width = FACE_API_NETS[net];
    const image = tf.tidy(() =>
      tf.floor(tf.mul(inputsOf([{ name: 'image', shape: [1, width, width, 3] }]).image!, 256)),
    );
    const weights = parameters.map((each) => ({ name: each.name, val: each }));
    return { kind: 'function', model, parameters, inputs: { image }, code: { weights, call: () => model(image) } };
  }
  const model = (await loadModel(path)) as never as {
    inputs: InputInfo[];
    outputNodes?: string[];
    layers?: unknown;
    weights: Weight[];
    apply(inputs: tf.Tensor[]): unknown;
    calculateLosses(): tf.Tensor[];
  };
  const inputs = inputsOf(model.inputs, given);
  if (model.layers === undefined) return { kind: 'graph', model, inputs, outputNodes: model.outputNodes ?? [] };
  const call = () => model.apply(Object.values(inputs));
  const code = { weights: model.weights, call, penalties: () => model.calculateLosses() };
  return { kind: 'layers', model, inputs, code };
}

/** What the reference is to evaluate, in its own words. */
function problemOf(
  { path, output }: ModelCase,
  { code, inputs, outputNodes }: Loaded,
  parameters: readonly string[],
  directory: string,
): object {
  const stored = (tensors: Record<string, tf.Tensor>, prefix: string) =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, tensor], at) => [name, store(tensor, directory, `${prefix}${at}.bin`)]),
    );
  const given = {
    inputs: stored(inputs, 'input'),
    parameters,
    directions: ['x.bin', 'y.bin'],
  };
  if (!code) return { ...given, model: path, outputs: output ?? outputNodes };
  const weights = Object.fromEntries(
    code.weights.filter(({ name }) => parameters.includes(name)).map(({ name, val }) => [name, val]),
  );
  let count = 0;
  const run = () => {
    const outputs = floatsOf(code.call());
    count = outputs.length;
    return [...outputs, ...(code.penalties?.() ?? [])];
  };
  const { nodes, constants, outputs } = trace({ ...inputs, ...weights }, run, directory);
  return {
    ...given,
    nodes,
    constants: { ...constants, ...stored(weights, 'weight') },
    outputs: outputs.slice(0, count),
    penalties: outputs.slice(count),
  };
}

/** Random directions and what the Hessian makes of them. */
async function act(given: object, leftOut: readonly string[] = []) {
  const parameters = (name: string): boolean => !leftOut.includes(name);
  const H = hessian({ ...given, ...(leftOut.length > 0 && { parameters }) } as never);
  const X = directions(H.numParameters);
  return { H, X, leftOut, ...(await H.action(X)) };
}

/** The same without the weights that the loss does not depend on, which the library names, and asks to leave out. */
async function actOnUsed(given: object): ReturnType<typeof act> {
  try {
    return await act(given);
  } catch (error) {
    const { parameters } = (error as Partial<EigensketchError>).values ?? {};
    if (!Array.isArray(parameters)) throw error;
    return act(
      given,
      parameters.map((name: string) => name.slice(1, -1)),
    );
  }
}

async function check(each: ModelCase, directory: string): Promise<Finding> {
  const { output } = each;
  await useBackend('wasm');
  const started = process.cpuUsage();
  const loaded = await load(each);
  const { kind, model, inputs } = loaded;
  const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
  const found = { kind, inputs: shapes } as const;
  try {
    let outputs = 0;
    const data = kind === 'function' ? inputs.image! : inputs;
    const given = {
      model,
      loss: (y: unknown) => {
        outputs = floatsOf(y).length;
        return loss(y);
      },
      data: [[data, tf.scalar(0)]],
      reduction: 'sum',
      ...(loaded.parameters && { parameters: loaded.parameters }),
      ...(output && { output }),
    };
    const { H, X, leftOut, loss: value, gradient, product } = await actOnUsed(given);
    const [x, y, Hx, Hy] = [column(X, 0), column(X, 1), column(product, 0), column(product, 1)];
    const scale = Math.hypot(Math.sqrt(dot(Hx, Hx)), Math.sqrt(dot(Hy, Hy)));
    const { user, system } = process.cpuUsage(started);
    const measured = {
      ...found,
      parameters: H.numParameters,
      ...(leftOut.length > 0 && { leftOut: leftOut.length }),
      outputs,
      loss: value,
      asymmetry: scale === 0 ? 0 : (Math.abs(dot(x, Hy) - dot(y, Hx)) * Math.sqrt(H.numParameters)) / scale,
      seconds: (user + system) / 1e6,
    };
    for (const [file, data] of Object.entries({ x, y })) writeFileSync(join(directory, `${file}.bin`), data);
    try {
      const names = H.parameters.map(({ name }) => name);
      const problem = problemOf(each, loaded, names, directory);
      writeFileSync(join(directory, 'problem.json'), JSON.stringify(problem));
    } catch (error) {
      return { ...measured, noReference: (error as Error).message };
    }
    return { ...measured, ...compare([Float32Array.of(value), gradient, Hx, Hy], directory) };
  } catch (error) {
    const { name, message, code, values, stack } = error as EigensketchError;
    const own = error instanceof EigensketchError;
    return {
      ...found,
      error: {
        name: own ? name : `raw ${name}`,
        message: own ? message : (stack ?? message),
        ...(own && { code, values }),
      },
    };
  }
}

/** What the reference computes in this way, the loss, the gradient and products one after the other. */
function reference(directory: string, way: string): Float64Array {
  execFileSync(PYTHON, [REFERENCE, directory, way], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return new Float64Array(Uint8Array.from(readFileSync(join(directory, `${way}.bin`))).buffer);
}

/** Against float64, where it can be had. Where that differs, the reference shows what rounding makes of the same. */
function compare(columns: readonly Float32Array[], directory: string): Partial<Finding> {
  try {
    const exact = reference(directory, 'float64');
    const n = (exact.length - 1) / (columns.length - 1);
    const part = (all: Float64Array, i: number) =>
      i === 0 ? all.subarray(0, 1) : all.subarray((i - 1) * n + 1, i * n + 1);
    const errors = columns.map((each, i) => relativeError(each, part(exact, i)));
    if (Math.max(...errors) <= EXACT) return { errors };
    const errorOf = (way: string): number => {
      const other = reference(directory, way);
      return Math.max(...columns.map((_, i) => relativeError(part(other, i), part(exact, i))));
    };
    const float32 = errorOf('float32');
    const random: number[] = [];
    // Until they explain the error: the more expensive half of a check.
    while (random.length < 3 && Math.max(...errors) > ROOM * Math.max(float32, ...random)) {
      random.push(errorOf(`float64-rounded-${random.length + 1}`));
    }
    return { errors, rounding: { float32, random } };
  } catch (error) {
    const { stderr = '', signal } = error as { stderr?: string; signal?: string | null };
    // Ended for want of memory, say: that is no finding.
    if (signal) {
      console.error(`Error: the reference was ended by ${signal}`);
      process.exit(1);
    }
    return { noReference: stderr.trim().split('\n').at(-1) || (error as Error).message };
  }
}

const [text = '{}', directory = ''] = process.argv.slice(2);
if (!existsSync(directory)) throw new Error(`no directory '${directory}'`);
console.log(JSON.stringify(await check(JSON.parse(text) as ModelCase, directory)));
