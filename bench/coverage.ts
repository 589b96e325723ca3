/**
 * How often each kind of statement of a certificate is true, over thousands of sketches and test vectors.
 *
 *     npm run coverage:certificate                     writes bench/results/coverage.json and docs/coverage.md
 *     npm run coverage:certificate -- --seeds 100      a quick look, written nowhere
 *
 * Exits with 1 when a certified statement is true significantly less often than it says (more than 3.72 standard errors:
 * chance below 1e-4 for each).
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import {
  apost,
  type Certificate,
  diagonalOperator,
  type EighResult,
  type LinearOperator,
  type SeighOptions,
  seigh,
} from '../src/index.ts';
import { judged, noisyDiagonal, proportionallyNoisyDiagonal } from './support/spectra.ts';
import { judge, truthOf } from './support/truth.ts';

const N = 60;
const DIMS = 12;
const TESTS = 10;
const CONFIDENCE = 0.95;
const NOISE = 1e-5;
const SEEDS = 1000;
/** Statements that involve no probability. */
const SURE = ['eigenvalueIntervals', 'inertia'];

/** Operators with the eigenvalues given, by name, and the share of the seeds that each has. */
const OPERATORS: Record<string, { share: number; make(values: Float64Array, seed: number): LinearOperator }> = {
  float64: { share: 1, make: (values) => diagonalOperator(values) },
  [`float32, noise ${NOISE}`]: { share: 1, make: (values, seed) => noisyDiagonal(values, NOISE, seed) },
  ...Object.fromEntries(
    (
      [
        ['float32', 1e-6, 0],
        ['float32', 1e-5, 0],
        ['float64', 1e-9, 0],
        ['float64', 1e-8, 0],
        ['float32', 1e-5, 0.3],
        ['float64', 1e-9, 0.3],
      ] as const
    ).map(([dtype, relative, threshold]) => [
      `${dtype}, noise ${relative} of products${threshold > 0 ? ` above ${threshold}` : ''}`,
      {
        share: 0.1,
        make: (values: Float64Array, seed: number) =>
          proportionallyNoisyDiagonal(values, { dtype, relative, threshold }, seed),
      },
    ]),
  ),
};

interface Row {
  method: string;
  spectrum: string;
  operator: string;
  statement: string;
  /** Probability that the record states; null for likely intervals, which state none. */
  nominal: number | null;
  observed: number;
  seeds: number;
  /** Mean of the bound over what it bounds, for upper ends of norms and the completeness bound. */
  widthOverTruth: number | null;
}

/** Thousands of rows: names of their fields once, and a row a line. */
function json(facts: object, rows: readonly Row[]): string {
  const columns = Object.keys(rows[0]!) as (keyof Row)[];
  const shown = (value: Row[keyof Row]): string =>
    typeof value === 'number' ? String(Number(value.toPrecision(4))) : JSON.stringify(value ?? null);
  const lines = rows.map((row) => `  [${columns.map((name) => shown(row[name])).join(', ')}]`);
  const head = JSON.stringify({ ...facts, columns }, null, 1).slice(0, -2);
  return `${head},\n "rows": [\n${lines.join(',\n')}\n ]\n}\n`;
}

function widths(cert: Certificate, truth: { errorFrob: number; operatorFrob: number; missed: number }) {
  const relative = truth.errorFrob / truth.operatorFrob;
  return {
    'relativeError.upper': cert.relativeError.upper / relative,
    'errorFrob.upper': cert.errorFrob.upper / truth.errorFrob,
    'operatorFrob.upper': cert.operatorFrob.upper / truth.operatorFrob,
    'likely.errorFrob.upper': cert.likely.errorFrob.upper / truth.errorFrob,
    missedEigenvalueBound: (cert.missedEigenvalueBound ?? Number.NaN) / truth.missed,
  } as Record<string, number>;
}

/** A result, and the certificate of it. */
interface Certified {
  result: EighResult;
  cert: Certificate;
}

/** How a result and its certificate come about, and the share of the seeds that it is tried with. */
interface Approximation {
  share: number;
  make(A: LinearOperator, seed: number): Promise<Certified>;
}

const TOL = 0.3;

const certified = async (A: LinearOperator, result: EighResult, seed: number): Promise<Certified> => ({
  result,
  cert: await apost(A, result, { tests: TESTS, confidence: CONFIDENCE, seed }),
});

const sketched = (options: SeighOptions): Approximation => ({
  share: 1,
  make: async (A, seed) => certified(A, await seigh(A, DIMS, { ...options, seed }), seed),
});

/** Searches that end at the first certificate that is good enough: its statements must hold at that one. */
const searched = (method: 'krylov' | 'hmt'): Approximation => ({
  share: 0.25,
  async make(A, seed) {
    const result = await seigh(A, { tol: TOL, method, tests: TESTS, confidence: CONFIDENCE, blockSize: 4, seed });
    return { result, cert: result.certificate };
  },
});

/** What is certified; the zero approximation shows the bare interval on the spectrum itself. */
const METHODS: Record<string, Approximation> = {
  none: {
    share: 1,
    async make(A, seed) {
      const { residualNorms: _, ...zero } = await seigh(diagonalOperator(new Float64Array(N)), 1);
      return certified(A, zero as EighResult, seed);
    },
  },
  hmt: sketched({}),
  'hmt, lazyVectors': sketched({ lazyVectors: true }),
  refine: sketched({ refine: true }),
  krylov: sketched({ method: 'krylov' }),
  nystrom: sketched({ method: 'nystrom' }),
  [`tol ${TOL} by krylov`]: searched('krylov'),
  [`tol ${TOL} by hmt`]: searched('hmt'),
};

async function cover(method: string, spectrum: string, operator: string, seeds: number): Promise<Row[]> {
  const isFloat32 = operator.startsWith('float32');
  const exact = judged[spectrum]!(N);
  const values = isFloat32 ? Float64Array.from(Float32Array.from(exact)) : exact;
  const held = new Map<string, number>();
  const width = new Map<string, number>();
  for (let seed = 0; seed < seeds; seed++) {
    const A = OPERATORS[operator]!.make(values, seed + 1);
    const { result, cert } = await METHODS[method]!.make(A, seed);
    const truth = await truthOf(values, result);
    for (const [statement, holds] of Object.entries(judge(cert, truth))) {
      held.set(statement, (held.get(statement) ?? 0) + Number(holds));
    }
    for (const [statement, factor] of Object.entries(widths(cert, truth))) {
      width.set(statement, (width.get(statement) ?? 0) + factor / seeds);
    }
  }
  return Array.from(held, ([statement, count]) => {
    const mean = width.get(statement);
    return {
      method,
      spectrum,
      operator,
      statement,
      nominal: statement.startsWith('likely') ? null : SURE.includes(statement) ? 1 : CONFIDENCE,
      observed: count / seeds,
      seeds,
      // where the truth is zero or rounding there is nothing to compare with
      widthOverTruth: mean !== undefined && Number.isFinite(mean) && mean < 1e3 ? mean : null,
    };
  });
}

const isBelow = ({ nominal, observed, seeds }: Row): boolean =>
  nominal !== null && observed < nominal - 3.72 * Math.sqrt((nominal * (1 - nominal)) / seeds);

/** For each statement: the worst observed coverage over all spectra and operators, and the range of the widths. */
function table(rows: readonly Row[], seeds: number): string {
  const lines = [
    '| approximation | statement | nominal | worst observed | on | mean bound / truth |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  const kinds = new Set(rows.map(({ method, statement }) => `${method}|${statement}`));
  for (const kind of kinds) {
    const group = rows.filter(({ method, statement }) => `${method}|${statement}` === kind);
    const worst = group.reduce((a, b) => (b.observed < a.observed ? b : a));
    const factors = group.flatMap(({ widthOverTruth }) => widthOverTruth ?? []);
    const range = factors.length ? `${Math.min(...factors).toFixed(2)}–${Math.max(...factors).toFixed(2)}` : '';
    const where = worst.observed === 1 ? 'all' : `${worst.spectrum}, ${worst.operator}`;
    const nominal = worst.nominal === null ? 'not certified' : worst.nominal.toFixed(2);
    lines.push(
      `| ${worst.method} | ${worst.statement} | ${nominal} | ${worst.observed.toFixed(4)} | ${where} | ${range} |`,
    );
  }
  const settings = `n = ${N}, ${DIMS} columns, ${TESTS} test products, ${seeds} seeds for each of ${Object.keys(judged).length} spectra and 2 operators, and a tenth of them for 6 with noise in proportion to products; a quarter of all these for searches with tol`;
  return `${settings}.\n\n${lines.join('\n')}\n`;
}

const { values: flags } = parseArgs({
  options: { seeds: { type: 'string', default: String(SEEDS) }, method: { type: 'string' } },
});
const seeds = Number(flags.seeds);
const startedAt = performance.now();

async function coverMethod(method: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const spectrum of Object.keys(judged)) {
    for (const [operator, { share }] of Object.entries(OPERATORS)) {
      rows.push(...(await cover(method, spectrum, operator, Math.ceil(METHODS[method]!.share * share * seeds))));
      console.error(`${method}, ${spectrum}, ${operator}`);
    }
  }
  return rows;
}

/** The same in a process of its own. */
async function coverApart(method: string): Promise<Row[]> {
  const args = [import.meta.filename, '--seeds', flags.seeds, '--method', method];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(await text(child.stdout)) as Row[];
}

/** All methods, as many at a time as there are cores. */
async function coverAll(): Promise<Row[]> {
  const methods = Object.keys(METHODS);
  const all: Row[][] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < methods.length; at = next++) all[at] = await coverApart(methods[at]!);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return all.flat();
}

if (flags.method !== undefined) {
  console.log(JSON.stringify(await coverMethod(flags.method)));
  process.exit();
}
const rows = await coverAll();
console.log(table(rows, seeds));
if (seeds >= SEEDS) {
  const machine = `${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
  const seconds = (performance.now() - startedAt) / 1000;
  const settings = { n: N, dims: DIMS, tests: TESTS, confidence: CONFIDENCE, noise: NOISE, seeds };
  await writeFile('bench/results/coverage.json', json({ settings, machine, seconds }, rows));
  const explanation = `# Coverage of the certificate

How often each kind of statement was true, worst over seven spectra (rank one, flat, 1/j, geometric, half spike and half
flat, rank five, ± pairs), exact in float64, in float32 with noise in the products, and with noise in proportion to the products; \`none\` is the bare interval on the spectrum
itself. Made by \`npm run coverage:certificate\` on ${machine}; every row is in \`bench/results/coverage.json\`. Likely
intervals state no probability: what is observed is what they are worth.

A rank-one error attains the bounds exactly, so there the observed frequency scatters about the nominal one: over ${seeds} seeds
by a standard error of ${Math.sqrt((CONFIDENCE * (1 - CONFIDENCE)) / seeds).toPrecision(1)} at ${CONFIDENCE}. The suite fails for anything more than 3.72 standard errors below.
`;
  await writeFile('docs/coverage.md', `${explanation}\n${table(rows, seeds)}`);
}
const below = rows.filter((row) => isBelow(row));
for (const row of below) console.error('below nominal:', JSON.stringify(row));
if (below.length > 0) process.exitCode = 1;
