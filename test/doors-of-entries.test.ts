/** The doors of `eigensketch/report`, `/files`, `/hdf5`, `/remote` and `/testing`: what is wrong is refused, and named once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import * as files from '../src/files/index.ts';
import * as hdf5 from '../src/hdf5/index.ts';
import { apost, diagonalOperator, seigh } from '../src/index.ts';
import * as remote from '../src/remote/index.ts';
import * as report from '../src/report/index.ts';
import * as testing from '../src/testing/index.ts';
import { expectRefusal, failureOf } from './support/doors.ts';
import { afterAll, beforeAll, describe, expect, test } from './support/jest.ts';

type Call = (...args: never[]) => unknown;

/** Wrong values for an argument of each kind. */
const WRONG = {
  text: [null, undefined, 3, {}, ['x'], ''],
  anyText: [null, undefined, 3, {}, ['x']],
  record: [null, 3, 'x', [1], new Float64Array(2)],
  options: [null, 3, 'x', [1], { nonsense: 1 }],
  count: [null, undefined, 'x', {}, 1.5, -1, Number.NaN],
  finite: [null, undefined, 'x', {}, Number.NaN],
  memory: [null, undefined, 'much', {}, -1, Number.NaN],
  function: [null, undefined, 3, 'x', {}],
  dtype: [null, undefined, 'float16', 3],
  list: [null, undefined, 3, 'x', {}],
  numbers: [null, undefined, 3, 'x', {}, [1, 'x'], [Number.NaN]],
  signal: [null, 3, 'x', {}],
  traffic: [null, 3, 'x', {}],
  attributes: [null, undefined, 3, 'x', [1], { a: null }, { a: [1] }],
} as const;

let home: string;
let analysis: report.Analysis;
let result: Awaited<ReturnType<typeof seigh>>;
let blockFile: string;
let multivector: typeof result.eigenvectors;
const block = { rows: 3, cols: 2, data: Float64Array.of(1, 2, 3, 4, 5, 6) };

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'eigensketch-doors-'));
  const A = diagonalOperator([4, 3, 2, 1]);
  result = await seigh(A, 2);
  multivector = result.eigenvectors;
  analysis = report.analysisOf({ operator: 'A', result, certificate: await apost(A, result, { tests: 3 }) });
  blockFile = join(home, 'block.h5');
  await hdf5.writeBlockFile(blockFile, block, {});
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** A call with one wrong argument among right ones. */
type Case = readonly [name: string, values: () => readonly unknown[], call: (value: never) => unknown];

const every = (values: readonly unknown[]) => () => values;

/** Analyses that lack something. */
const broken = (): readonly unknown[] => [
  ...WRONG.record,
  undefined,
  {},
  { ...analysis, eigenvalues: 'x' },
  { ...analysis, eigenvalues: ['x'] },
  { ...analysis, provenance: null },
  { ...analysis, provenance: { operator: 'A' } },
  { ...analysis, residualNorms: {} },
  { ...analysis, samplingErrors: ['x'] },
  { ...analysis, certificate: null },
  { ...analysis, certificate: {} },
  { ...analysis, certificate: { ...analysis.certificate, schema: 0 } },
  ...['relativeError', 'errorFrob', 'operatorFrob', 'likely', 'tests', 'confidence', 'noiseFloor'].flatMap((name) => [
    { ...analysis, certificate: { ...analysis.certificate, [name]: undefined } },
    { ...analysis, certificate: { ...analysis.certificate, [name]: {} } },
  ]),
  ...['scree', 'eigenvalueIntervals', 'gapIntervals', 'angleBounds', 'inertia'].map((name) => ({
    ...analysis,
    certificate: { ...analysis.certificate, [name]: 'x' },
  })),
  { ...analysis, certificate: { ...analysis.certificate, scree: [{ estimate: 1 }] } },
];

const DENSITY = {
  grid: Float64Array.of(0, 1),
  density: Float64Array.of(1, 1),
  scale: 'linear',
  sigma: 1,
  integral: 1,
} as never;
const PLOT = { title: 'T', xTitle: 'x', yTitle: 'y', series: [{ name: 'a', x: [1, 2], y: [3, 4] }] };
const IMAGE = { title: 'T', rows: 1, cols: 2, data: [1, 2] };
const parts = () => ({ operator: 'A', result });
const SPACE = { rows: 9, cols: 2, dtype: 'float64' as const, directory: '.', memory: '1MB' };
const SHAPE = { rows: 3, cols: 2, dtype: 'float64' as const };

const given = (name: string, right: () => object, values: Record<string, readonly unknown[]>, call: Call): Case[] =>
  Object.entries(values).map(([option, wrong]) => [
    name,
    every(wrong),
    (value) => call({ ...right(), [option]: value } as never),
  ]);

const CASES: readonly Case[] = [
  // report
  ['analysisOf', every([...WRONG.record, undefined, {}, { nonsense: 1 }]), (value) => report.analysisOf(value)],
  ...given(
    'analysisOf',
    parts,
    {
      operator: WRONG.anyText,
      result: [...WRONG.record, undefined, {}, { eigenvalues: [1] }],
      certificate: WRONG.record,
      date: [null, 3, 'x', {}, new Date(Number.NaN)],
    },
    report.analysisOf as Call,
  ),
  ['parseAnalysis', every([null, undefined, 3, {}]), (value) => report.parseAnalysis(value)],
  ['paperSentence', broken, (value) => report.paperSentence(value)],
  ['toCsv', broken, (value) => report.toCsv(value)],
  ['toJson', broken, (value) => report.toJson(value)],
  ['toMarkdown', broken, (value) => report.toMarkdown(value)],
  ['toLatex', broken, (value) => report.toLatex(value)],
  ['toHtml', broken, (value) => report.toHtml(value)],
  ['figureSvg', broken, (value) => report.figureSvg(value, 'scree')],
  ['figureSvg', every([null, undefined, 'nothing', 3]), (value) => report.figureSvg(analysis, value)],
  ['figureSvg', every(WRONG.options), (value) => report.figureSvg(analysis, 'spectrum', value)],
  ...Object.entries({ toMarkdown: report.toMarkdown, toLatex: report.toLatex, toHtml: report.toHtml }).flatMap(
    ([name, write]): Case[] => [
      [name, every(WRONG.options), (value) => write(analysis, value)],
      [name, every([null, 'x', -1, 1.5, Number.NaN]), (value) => write(analysis, { rows: value })],
    ],
  ),
  [
    'densitySvg',
    every([...WRONG.record, undefined, {}, { grid: [1], density: [1] }]),
    (value) => report.densitySvg(value),
  ],
  ['densitySvg', every(WRONG.options), (value) => report.densitySvg(DENSITY, value)],
  ['historySvg', every([...WRONG.list, [], [null], [{}], [{ at: 1 }]]), (value) => report.historySvg(value)],
  ['historySvg', every(WRONG.options), (value) => report.historySvg([{ at: 0, analysis }], value)],
  [
    'lossSliceSvg',
    every([...WRONG.record, undefined, {}, { steps: [1], losses: [1] }]),
    (value) => report.lossSliceSvg(value),
  ],
  ['lossSliceSvg', every(WRONG.options), (value) => report.lossSliceSvg({ steps: [0, 1], losses: [1, 2] }, value)],
  ['lossSurfaceSvg', every([...WRONG.record, undefined, {}]), (value) => report.lossSurfaceSvg(value)],
  [
    'lossSurfaceSvg',
    every(WRONG.options),
    (value) => report.lossSurfaceSvg({ steps: [0, 1], losses: [1, 2, 3, 4] }, value),
  ],
  ['overlapSvg', every([...WRONG.record, undefined, {}]), (value) => report.overlapSvg(value)],
  [
    'subspaceOverlap',
    every([...WRONG.record, undefined, {}, { result: {} }]),
    (value) => report.subspaceOverlap(value, value),
  ],
  ['svgToPdf', every([...WRONG.text, 'no svg']), (value) => report.svgToPdf(value)],
  ['svgToPdf', every(WRONG.options), (value) => report.svgToPdf('<svg/>', value)],
  ['svgToPng', every([...WRONG.text, 'no svg']), (value) => report.svgToPng(value)],
  ['svgToPng', every(WRONG.options), (value) => report.svgToPng('<svg/>', value)],
  ['svgToPng', every([null, 'x', 0, 1.5, 1e9]), (value) => report.svgToPng('<svg/>', { width: value })],
  ['svgToPng', every([null, 'x', 3, [3]]), (value) => report.svgToPng('<svg/>', { fontFiles: value })],
  ['plotSvg', every([...WRONG.record, undefined, {}, { ...PLOT, nonsense: 1 }]), (value) => report.plotSvg(value)],
  ...given(
    'plotSvg',
    () => PLOT,
    {
      title: [null, 3, {}, ['x']],
      subtitle: [null, 3, {}],
      xTitle: WRONG.anyText,
      yTitle: WRONG.anyText,
      yScale: [null, 'cubic', 3],
      width: [null, 'x', 0, -1],
      height: [null, 'x', 0, -1],
      theme: [null, 'grey', 3],
      font: [null, 3, ''],
      series: [
        ...WRONG.list,
        [],
        [null],
        [{}],
        [{ name: 'a', x: [1], y: 'x' }],
        [{ name: 'a', x: [1], y: [1], bar: 1 }],
      ],
    },
    report.plotSvg as Call,
  ),
  ['matrixSvg', every([...WRONG.record, undefined, {}, { ...IMAGE, nonsense: 1 }]), (value) => report.matrixSvg(value)],
  ...given(
    'matrixSvg',
    () => IMAGE,
    {
      title: [null, 3, {}, ['x']],
      subtitle: [null, 3, {}],
      rows: [...WRONG.count, 0, 200],
      cols: [...WRONG.count, 0, 3],
      data: [null, undefined, 3, 'x', {}, [1], [1, 'x']],
      scale: [null, 'cubic', 3],
    },
    report.matrixSvg as Call,
  ),

  // files
  ['readArray', every(WRONG.text), (value) => files.readArray(value)],
  ['readOperator', every(WRONG.text), (value) => files.readOperator(value)],
  ['readOperator', every(WRONG.options), (value) => files.readOperator('A.npy', value)],
  ['readOperator', every([null, 'much', {}, -1]), (value) => files.readOperator('A.npy', { memory: value })],
  ['writeArray', every(WRONG.text), (value) => files.writeArray(value, [1] as never)],
  [
    'writeArray',
    every([
      ...[null, undefined, 3, 'x', {}, [1]],
      { shape: null, data: new Float64Array(1) },
      { shape: 'x', data: new Float64Array(1) },
      { shape: [-1, -1], data: new Float64Array(1) },
      { shape: [2], data: new Float64Array(1) },
      { shape: [1], data: [1] },
      { rows: 1, data: new Float64Array(1) },
    ]),
    (value) => files.writeArray(join(home, 'a.npy'), value),
  ],
  [
    'writeArray',
    every([null, undefined, 3, 'x', [1], { a: null }]),
    (value) => files.writeArray(join(home, 'a.npz'), value),
  ],
  ['writeArray', every(WRONG.options), (value) => files.writeArray(join(home, 'a.npy'), block, value)],
  ['writeArray', every([null, 'B', 3]), (value) => files.writeArray(join(home, 'a.npy'), block, { order: value })],

  // hdf5
  ['BlockFile.open', every(WRONG.text), (value) => hdf5.BlockFile.open(value)],
  ['BlockFile.open', every(WRONG.traffic), (value) => hdf5.BlockFile.open(blockFile, value)],
  ...(['readRows', 'verify'] as const).flatMap((method): Case[] => {
    const opened = async (work: (file: hdf5.BlockFile) => unknown): Promise<void> => {
      const file = await hdf5.BlockFile.open(blockFile);
      try {
        await work(file);
      } finally {
        await file.close();
      }
    };
    if (method === 'verify')
      return [['BlockFile.verify', every(WRONG.signal), (value) => opened((file) => file.verify(value))]];
    return [
      ['BlockFile.readRows', every([...WRONG.count, 4]), (value) => opened((file) => file.readRows(value, 0))],
      ['BlockFile.readRows', every([...WRONG.count, 3]), (value) => opened((file) => file.readRows(1, value))],
      [
        'BlockFile.readRows',
        every([
          null,
          3,
          {},
          { rows: 1, cols: 1, data: new Float64Array(1) },
          { rows: 1, cols: 2, data: new Float32Array(2) },
        ]),
        (value) => opened((file) => file.readRows(0, 1, value)),
      ],
    ];
  }),
  ['verifyBlockFile', every(WRONG.text), (value) => hdf5.verifyBlockFile(value)],
  ['verifyBlockFile', every(WRONG.signal), (value) => hdf5.verifyBlockFile(blockFile, value)],
  ['writeBlockFile', every(WRONG.text), (value) => hdf5.writeBlockFile(value, block, {})],
  [
    'writeBlockFile',
    every([
      ...[null, undefined, 3, 'x', {}, { rows: 3, cols: 2, data: [1] }, { ...block, cols: 3 }],
      { ...SHAPE, panels: null },
      { ...SHAPE, panels: [null] },
      { ...SHAPE, rows: -1, panels: [] },
      { ...SHAPE, dtype: 'int8', panels: [] },
    ]),
    (value) => hdf5.writeBlockFile(join(home, 'b.h5'), value, {}),
  ],
  ['writeBlockFile', every(WRONG.attributes), (value) => hdf5.writeBlockFile(join(home, 'b.h5'), block, value)],
  ['BlockWriter.create', every(WRONG.text), (value) => hdf5.BlockWriter.create(value, SHAPE)],
  ...given('BlockWriter.create', () => SHAPE, { rows: WRONG.count, cols: WRONG.count, dtype: WRONG.dtype }, ((
    shape: hdf5.BlockShape,
  ) => hdf5.BlockWriter.create(join(home, 'c.h5'), shape)) as Call),
  ...(['append', 'commit'] as const).map(
    (method): Case => [
      `BlockWriter.${method}`,
      every(
        method === 'append'
          ? [null, undefined, 3, {}, { rows: 1, cols: 1, data: new Float64Array(1) }]
          : WRONG.attributes,
      ),
      async (value) => {
        const writer = await hdf5.BlockWriter.create(join(home, 'd.h5'), SHAPE);
        try {
          await writer[method](value);
        } finally {
          await writer.abort();
        }
      },
    ],
  ),
  ['leastMemory', every(WRONG.record), (value) => hdf5.leastMemory(value)],
  ...given(
    'leastMemory',
    () => SHAPE,
    { rows: WRONG.count, cols: WRONG.count, dtype: WRONG.dtype },
    hdf5.leastMemory as Call,
  ),
  ['diskSpace', every([...WRONG.options, undefined]), (value) => hdf5.diskSpace(value)],
  ...given(
    'diskSpace',
    () => SPACE,
    {
      rows: [...WRONG.count, 0],
      cols: [...WRONG.count, 0],
      dtype: WRONG.dtype,
      directory: WRONG.text,
      memory: [...WRONG.memory, 8],
      blockSize: [null, 'x', 0, 1.5],
    },
    hdf5.diskSpace as Call,
  ),
  ['saveColumns', every([null, undefined, 3, 'x', {}, block]), (value) => hdf5.saveColumns(value, [])],
  [
    'saveColumns',
    every([...WRONG.list, [null], [{}], [], [{ path: 3, cols: 2, attributes: {} }]]),
    (value) => hdf5.saveColumns(multivector, value),
  ],
  [
    'saveColumns',
    every(WRONG.options),
    (value) => hdf5.saveColumns(multivector, [{ path: join(home, 'e.h5'), cols: 2, attributes: {} }], value),
  ],
  ['isTemporary', every(WRONG.anyText), (value) => hdf5.isTemporary(value)],
  ['removeTemporaries', every(WRONG.text), (value) => hdf5.removeTemporaries(value)],

  // remote
  ['remoteOperator', every([...WRONG.options, undefined]), (value) => remote.remoteOperator(value)],
  ['remoteOperator', every([...WRONG.list, [], [3]]), (value) => remote.remoteOperator({ command: value })],
  ...given(
    'remoteOperator',
    () => ({ command: ['cat'] }),
    {
      cwd: [null, 3, ''],
      env: [null, 3, 'x'],
      timeout: [null, 'x', 0, 1.5],
      selfAdjoint: [null, 'x', 1],
      psd: [null, 'x', 1],
      signal: WRONG.signal,
      onProgress: [null, 3, 'x', {}],
      onOutput: [null, 3, 'x', {}],
      name: [null, 3, ''],
    },
    remote.remoteOperator as Call,
  ),
  ['pythonOperator', every([...WRONG.text, 'file.py', 'file.txt:A']), (value) => remote.pythonOperator(value)],
  ['pythonOperator', every(WRONG.options), (value) => remote.pythonOperator('a.py:A', value)],
  ['pythonOperator', every([null, 3, [], [3]]), (value) => remote.pythonOperator('a.py:A', { python: value })],
  ['pythonOperator', every([null, 3, 'x', {}]), (value) => remote.pythonOperator('a.py:A', { args: value })],
  [
    'serve',
    every(WRONG.function),
    (value) => remote.serve(value, { input: new PassThrough(), output: new PassThrough() }),
  ],
  ['serve', every(WRONG.options), (value) => remote.serve(() => diagonalOperator([1]), value)],
  ['serve', every([null, 3, 'x', {}]), (value) => remote.serve(() => diagonalOperator([1]), { input: value })],
  [
    'serve',
    every([null, 3, 'x', {}]),
    (value) => remote.serve(() => diagonalOperator([1]), { input: new PassThrough(), output: value }),
  ],

  // testing
  ['operatorWithSpectrum', every([...WRONG.numbers, []]), (value) => testing.operatorWithSpectrum(value)],
  ['operatorWithSpectrum', every(WRONG.options), (value) => testing.operatorWithSpectrum([1], value)],
  ...given(
    'operatorWithSpectrum',
    () => ({}),
    { seed: [null, 'x', -1, 0.5], dtype: [null, 'float16', 3], basis: [null, 3, {}, block] },
    ((options: testing.SyntheticOptions) => testing.operatorWithSpectrum([1, 2], options)) as Call,
  ),
  ['randomOrthogonal', every([...WRONG.count, 0]), (value) => testing.randomOrthogonal(value, 1)],
  ['randomOrthogonal', every(WRONG.count), (value) => testing.randomOrthogonal(2, value)],
  ...(['onesThenPower', 'onesThenGeometric'] as const).flatMap((name): Case[] => [
    [`spectra.${name}`, every([...WRONG.count, 0]), (value) => testing.spectra[name](value, 1, 1)],
    [`spectra.${name}`, every(WRONG.count), (value) => testing.spectra[name](3, value, 1)],
    [`spectra.${name}`, every(WRONG.finite), (value) => testing.spectra[name](3, 1, value)],
  ]),
];

test('every function of these entries is among the cases', () => {
  const named = new Set(CASES.map(([name]) => name.split('.')[0]!));
  const all = [report, files, hdf5, remote, testing].flatMap((entry) =>
    Object.entries(entry).flatMap(([name, value]) => (typeof value === 'function' || name === 'spectra' ? [name] : [])),
  );
  expect(all.filter((name) => !named.has(name))).toEqual([]);
});

describe.each(CASES.map((each, i) => [`${each[0]} (${i})`, ...each] as const))('%s', (_, name, values, call) => {
  test('refuses what is wrong, with an error of the library that names it', async () => {
    const all = values();
    expect(all.length).toBeGreaterThan(0);
    for (const value of all) {
      const failure = await failureOf(() => call(value as never));
      // which value it was, where nothing or something else was thrown
      if (!(failure instanceof Error)) throw new Error(`${name} took ${JSON.stringify(value)}`);
      expectRefusal(failure, name);
    }
  });
});

test('the operators of testing and of files multiply single vectors, and refuse what is no block', async () => {
  await files.writeArray(join(home, 'A.npy'), { shape: [2, 2], data: Float64Array.of(2, 0, 0, 3) });
  const A = testing.operatorWithSpectrum([2, 3], { basis: { rows: 2, cols: 2, data: Float64Array.of(1, 0, 0, 1) } });
  for (const [name, op] of [
    ['operatorWithSpectrum', A],
    ['denseOperator', await files.readOperator(join(home, 'A.npy'))],
    ['readOperator', await files.readOperator(join(home, 'A.npy'), { memory: 8 })],
  ] as const) {
    expect(Array.from(await op.apply([1, 1]))).toEqual([2, 3]);
    for (const X of [null, 3, {}, new Float64Array(2)])
      expectRefusal(await failureOf(() => op.matmat(X as never)), name);
  }
});
