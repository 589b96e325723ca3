/**
 * The float64 reference of published models, where numbers are equal or places lie halfway: it takes what TensorFlow documents, as
 * the library does. Each output is one number of the parameter, so that loops over these give gradient and product.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { relativeError } from '../support/dense.ts';
import { beforeAll, expect, test } from '../support/jest.ts';
import { PYTHON } from '../support/programs.ts';
import { describePython } from '../support/python.ts';

interface Given {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly dtype?: 'float32' | 'int32';
}

interface Choice {
  readonly p: Given;
  readonly constants?: Readonly<Record<string, Given>>;
  /** Of the graph, the output last. */
  readonly nodes: readonly { name: string; op: string; input: string[]; attr?: object }[];
  /** Which numbers of p the outputs are. */
  readonly places: readonly number[];
}

const integers = (...values: number[]): Given => ({ shape: [values.length], values, dtype: 'int32' });
const scalar = (value: number): Given => ({ shape: [], values: [value], dtype: 'int32' });

/** Multiples of 1/16, which float32 holds. */
const numbers = (...shape: number[]): Given => ({
  shape,
  values: Array.from({ length: shape.reduce((product, n) => product * n, 1) }, (_, i) => (1 + ((7 * i) % 31)) / 16),
});

const PEAKS = [31, 22, 1, 185, 229];
const PAIRS: Given = { shape: [2, 3], values: [0.5, 1, 2, 0.5, 0.25, 3] };
/** Of each of two matrices of three rows and four columns, the columns to take. */
const COLUMNS = [
  [0, 3],
  [2, 2],
];
const ROWS = { name: 'rows', op: 'Unpack', input: ['p'], attr: { axis: { i: 0 } } };

const CHOICES: Record<string, Choice> = {
  'the largest of equal numbers are the first': {
    p: numbers(256),
    constants: {
      scores: { shape: [256], values: Array.from({ length: 256 }, (_, i) => 1 + PEAKS.toReversed().indexOf(i)) },
      k: scalar(8),
      axis: scalar(0),
    },
    nodes: [
      { name: 'top', op: 'TopKV2', input: ['scores', 'k'] },
      { name: 'picked', op: 'GatherV2', input: ['p', 'top:1', 'axis'] },
    ],
    places: [...PEAKS, 0, 2, 3],
  },
  'the larger of two equal numbers is the first': {
    p: PAIRS,
    nodes: [ROWS, { name: 'larger', op: 'Maximum', input: ['rows', 'rows:1'] }],
    places: [0, 1, 5],
  },
  'the smaller of two equal numbers is the first': {
    p: PAIRS,
    nodes: [ROWS, { name: 'smaller', op: 'Minimum', input: ['rows', 'rows:1'] }],
    places: [0, 4, 2],
  },
  'each matrix has indices of its own': {
    p: numbers(2, 3, 4),
    constants: { columns: { shape: [2, 2], values: COLUMNS.flat(), dtype: 'int32' }, last: scalar(-1) },
    nodes: [{ name: 'taken', op: 'GatherV2', input: ['p', 'columns', 'last'], attr: { batch_dims: { i: 1 } } }],
    places: COLUMNS.flatMap((columns, matrix) =>
      [0, 1, 2].flatMap((row) => columns.map((column) => 12 * matrix + 4 * row + column)),
    ),
  },
  'halfway between two rows the lower one is the nearest': {
    p: numbers(1, 4, 1, 1),
    constants: { size: integers(7, 1) },
    nodes: [
      { name: 'resized', op: 'ResizeNearestNeighbor', input: ['p', 'size'], attr: { align_corners: { b: true } } },
    ],
    places: [0, 1, 1, 2, 2, 3, 3],
  },
};

const names = Object.keys(CHOICES);
const direction = ({ values }: Given): number[] => values.map((_, i) => 1 + (i % 5));

/** The gradient and the product of each choice, all from one run of Python. */
function evaluate(directory: string): Float64Array[][] {
  const store = (file: string, values: readonly number[]): void =>
    writeFileSync(join(directory, file), Float32Array.from(values));
  const choices = Object.values(CHOICES);
  const stored = choices.flatMap(({ p, constants }, choice) =>
    Object.entries({ ...constants, p }).map(([name, { values, shape, dtype = 'float32' }]) => {
      const file = `${choice}${name}.bin`;
      store(file, values);
      return [`${choice}${name}`, { shape, dtype, file }];
    }),
  );
  const nodes = choices.flatMap((choice, at) =>
    choice.nodes.map(({ name, input, ...rest }) => ({
      ...rest,
      name: `${at}${name}`,
      input: input.map((each) => `${at}${each}`),
    })),
  );
  store(
    'x.bin',
    choices.flatMap(({ p }) => direction(p)),
  );
  const problem = {
    inputs: {},
    constants: Object.fromEntries(stored),
    nodes,
    parameters: choices.map((_, at) => `${at}p`),
    outputs: choices.map((choice, at) => `${at}${choice.nodes.at(-1)!.name}`),
    directions: ['x.bin'],
  };
  writeFileSync(join(directory, 'problem.json'), JSON.stringify(problem));
  execFileSync(PYTHON, ['test/models/graph_model.py', directory, 'float64']);
  const found = new Float64Array(Uint8Array.from(readFileSync(join(directory, 'float64.bin'))).buffer);
  const size = (found.length - 1) / 2;
  let at = 1;
  return choices.map(({ p }) => {
    const parts = [0, size].map((start) => found.slice(start + at, start + at + p.values.length));
    at += p.values.length;
    return parts;
  });
}

describePython('the reference of published models', ['numpy', 'torch'], () => {
  let found: Float64Array[][];
  beforeAll(() => {
    const directory = mkdtempSync(join(tmpdir(), 'eigensketch-reference-'));
    try {
      found = evaluate(directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test.each(names)('%s', (name) => {
    const { p, places } = CHOICES[name]!;
    // The loss is the mean of log(1 + y^2) over the outputs y.
    const [gradient, product] = [new Float64Array(p.values.length), new Float64Array(p.values.length)];
    for (const i of places) {
      const y = p.values[i]!;
      gradient[i]! += (2 * y) / (1 + y * y) / places.length;
      product[i]! += ((2 * (1 - y * y)) / (1 + y * y) ** 2 / places.length) * direction(p)[i]!;
    }
    const [ourGradient, ourProduct] = found[names.indexOf(name)]!;
    expect(relativeError(ourGradient!, gradient)).toBeLessThan(1e-14);
    expect(relativeError(ourProduct!, product)).toBeLessThan(1e-14);
  });
});
