/** The options of `seigh`, parsed before anything else happens: defaults, bounds, and what cannot be combined. */
import { ArgumentError, diagonalOperator, ShapeError, UnsupportedError } from '../../src/index.ts';
import { METHOD_NAMES, METHODS } from '../../src/seigh/methods.ts';
import {
  adaptiveFields,
  dimsField,
  ownFields,
  parseAdaptiveOptions,
  parseCall,
  parseSketchOptions,
} from '../../src/seigh/options.ts';
import { describe, expect, test } from '../support/jest.ts';

const A = diagonalOperator([4, 3, 2, 1]);
const thrown = (parse: () => unknown): unknown => {
  try {
    parse();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('a sketch', () => {
  test('defaults, and what is given', () => {
    const defaults = parseSketchOptions(undefined, {});
    expect(defaults.method).toBe('hmt');
    expect(defaults.own).toEqual({ refine: false, powerIterations: 0, perBatch: false, lazyVectors: false });
    expect(defaults.settings).toMatchObject({ testMatrix: 'gaussian', which: 'LM', seed: 0 });
    for (const name of ['rank', 'blockSize', 'store', 'memory', 'onProgress', 'signal'] as const) {
      expect(defaults.settings[name]).toBeUndefined();
    }
    const given = { testMatrix: 'rademacher', which: 'SA', seed: 5, rank: 2, blockSize: 3, store: '/a', memory: '1kB' };
    const { settings, own } = parseSketchOptions({ ...given, method: 'nystrom', psd: true }, {});
    expect([settings, own]).toEqual([expect.objectContaining({ ...given, memory: 1000 }), { psd: true }]);
    expect(Object.keys(settings)).not.toContain('method');
  });

  test('what the operator declares is the default of psd, and columns that of innerDims', () => {
    for (const psd of [true, false, undefined]) {
      expect(parseSketchOptions({ method: 'nystrom' }, { psd }).own).toEqual({ psd: psd === true });
    }
    const inner = (options: object, dims?: number) =>
      parseSketchOptions({ method: 'oversampled', ...options }, { dims }).own;
    expect(inner({}, 3)).toEqual({ innerDims: 7 });
    expect(inner({ innerDims: 9 }, 3)).toEqual({ innerDims: 9 });
    expect(inner({})).toEqual({ innerDims: undefined });
  });

  test.each<[object, string]>([
    [{ method: 'oversampled', innerDims: 6 }, 'innerDims must be an integer at least 7, got 6'],
    [{ rank: 5 }, 'rank must be an integer in 1..4, got 5 for n = 4'],
    [{ rank: 0 }, 'rank must be an integer in 1..4, got 0 for n = 4'],
    [{ blockSize: 0 }, 'blockSize must be an integer at least 1, got 0'],
    [{ powerIterations: -1 }, 'powerIterations must be an integer at least 0, got -1'],
    [{ confidence: 0.9 }, 'confidence belongs to tol, which is not given'],
    [{ maxDims: 2 }, 'maxDims belongs to tol, which is not given'],
    [{ tests: 2 }, 'tests belongs to tol, which is not given'],
    [{ memory: '1kB' }, "memory belongs to store, which is not given; got memory '1kB'"],
    [{ psd: true }, "psd belongs to method 'nystrom', got method 'hmt'"],
    [{ method: 'krylov', refine: true }, "refine belongs to method 'hmt', got method 'krylov'"],
    [{ method: 'krylov', innerDims: 9 }, "innerDims belongs to method 'oversampled', got method 'krylov'"],
    [{ perBatch: true, refine: true }, 'perBatch cannot be combined with refine'],
    [{ lazyVectors: true, refine: true }, 'lazyVectors cannot be combined with refine'],
  ])('%p is refused', (options, message) => {
    const error = thrown(() => parseSketchOptions(options, { n: 4, dims: 3 }));
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toBe(message);
  });

  test('an error has the value that was given', () => {
    const error = thrown(() => parseSketchOptions({ psd: true }, {})) as ArgumentError;
    expect(error.values).toEqual({ psd: true });
  });

  test('what a directory cannot hold is refused, and only that', () => {
    for (const [options, message] of [
      [{ method: 'krylov' }, "method 'krylov' cannot be combined with store"],
      [{ perBatch: true }, 'perBatch cannot be combined with store'],
      [{ lazyVectors: true }, 'lazyVectors cannot be combined with store'],
    ] as const) {
      const error = thrown(() => parseSketchOptions({ ...options, store: 'directory' }, {}));
      expect(error).toBeInstanceOf(UnsupportedError);
      expect((error as Error).message).toBe(message);
      expect((error as UnsupportedError).values).toEqual('method' in options ? { method: 'krylov' } : {});
      expect(thrown(() => parseSketchOptions(options, {}))).toBeUndefined();
    }
    for (const options of [{ perBatch: false }, { refine: true, powerIterations: 1 }, { method: 'nystrom' }]) {
      expect(parseSketchOptions({ ...options, store: '/directory' }, {}).settings.store).toBe('/directory');
    }
  });
});

describe('a search for an accuracy', () => {
  test('defaults, with columns up to n or a thousand', () => {
    expect(parseAdaptiveOptions({ tol: 0.1 }, { n: 50, dtype: 'float64' })).toMatchObject({
      ...{ tol: 0.1, method: 'krylov', confidence: 0.99, maxDims: 50, testMatrix: 'gaussian', which: 'LM', seed: 0 },
    });
    const most = (n?: number) => adaptiveFields({ n }).maxDims.parse(undefined, 'maxDims');
    expect([most(7), most(1001), most()]).toEqual([7, 1000, 1000]);
    expect(parseAdaptiveOptions({ tol: 0.1, tests: 3, maxDims: 1500 }, { n: 2000 })).toMatchObject({
      ...{ tests: 3, maxDims: 1500 },
    });
  });

  test.each([
    ['float64', Math.sqrt(2 ** -53), 'krylov'],
    ['float64', 2 ** -26.6, 'hmt'],
    ['float32', 2 ** -12, 'krylov'],
    ['float32', 2 ** -12.1, 'hmt'],
    [undefined, 1e-12, 'krylov'],
  ] as const)('%s: the method changes at the root of the unit roundoff, tol %d', (dtype, tol, method) => {
    expect(parseAdaptiveOptions({ tol }, { n: 50, dtype }).method).toBe(method);
    // a method that is named stays
    for (const named of ['krylov', 'hmt']) {
      expect(parseAdaptiveOptions({ tol, method: named }, { n: 50, dtype }).method).toBe(named);
    }
  });

  test.each<[object, string]>([
    [{ refine: false }, 'refine cannot be combined with tol, got false'],
    [{ psd: true }, 'psd cannot be combined with tol, got true'],
    [{ memory: 1e6 }, 'memory belongs to store, which is not given; got memory 1000000'],
    [{ method: 'oversampled' }, "method cannot be combined with tol, got 'oversampled'"],
    [{ tol: 1 }, 'tol must be a number between 0 and 1, got 1'],
    [{ maxDims: 0 }, 'maxDims must be an integer in 1..4, got 0 for n = 4'],
  ])('%p is refused', (options, message) => {
    const error = thrown(() => parseAdaptiveOptions({ tol: 0.1, ...options }, { n: 4 }));
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toBe(message);
  });
});

describe('a call', () => {
  test('columns, options, or both', () => {
    expect(parseCall(A, 3, undefined)).toMatchObject({ kind: 'sketch', n: 4, dims: 3, method: 'hmt' });
    expect(parseCall(A, 3, { method: 'krylov' })).toMatchObject({ kind: 'sketch', dims: 3, method: 'krylov' });
    expect(parseCall(A, { tol: 0.1 }, undefined)).toMatchObject({ kind: 'adaptive', n: 4, dims: undefined });
    expect(parseCall(A, 2, { tol: 0.1 })).toMatchObject({ kind: 'adaptive', dims: 2, settings: { tol: 0.1 } });
    // what the operator declares is known to the options
    expect(parseCall({ ...A, psd: true }, 3, { method: 'nystrom' })).toMatchObject({ own: { psd: true } });
    expect(parseCall(A, 3, { method: 'oversampled' })).toMatchObject({ own: { innerDims: 7 } });
    const single = diagonalOperator(Float32Array.of(4, 3, 2, 1));
    expect(parseCall(single, { tol: 1e-5 }, undefined)).toMatchObject({ settings: { method: 'hmt', maxDims: 4 } });
  });

  test.each<[unknown, unknown, string]>([
    [{ tol: 0.1 }, {}, 'options were given twice, in place of dims too'],
    [0, undefined, 'dims must be an integer in 1..4, got 0 for n = 4'],
    [5, { tol: 0.1 }, 'dims must be an integer in 1..4, got 5 for n = 4'],
    [null, undefined, 'dims must be an integer in 1..4, got null for n = 4'],
    [undefined, { method: 'hmt' }, 'dims must be an integer in 1..4, got undefined for n = 4'],
  ])('(%p, %p) is refused', (dims, options, message) => {
    const error = thrown(() => parseCall(A, dims, options));
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toBe(message);
  });

  test('an operator that is not square is refused', () => {
    expect(thrown(() => parseCall({ ...A, shape: [4, 3] }, 2, undefined))).toBeInstanceOf(ShapeError);
  });
});

test('of the command line, which is read before its operator: bounds that are not known are not checked', () => {
  expect(dimsField({}).parse(10 ** 6, 'dims')).toBe(10 ** 6);
  expect(() => dimsField({}).parse(0, 'dims')).toThrow(/^dims must be an integer at least 1, got 0$/);
});

test('options of methods, with those that have them', () => {
  expect(METHOD_NAMES.map((name) => METHODS[name].name)).toEqual(METHOD_NAMES);
  expect(Object.keys(ownFields({}, ['hmt']))).toEqual(['refine', 'powerIterations', 'perBatch', 'lazyVectors']);
  expect(Object.keys(ownFields({}))).toEqual([...Object.keys(ownFields({}, ['hmt'])), 'psd', 'innerDims']);
  for (const [name, { help }] of Object.entries(ownFields({}, ['nystrom', 'oversampled']))) {
    expect(help).toMatch(name === 'psd' ? /\w \(nystrom\)$/ : /\w \(oversampled\)$/);
  }
});
