/**
 * How far trace estimates and their likely intervals can be trusted: prints the tables of docs/estimators.md.
 *
 *     npm run build && node dist/bench/estimators.js
 */
import { diagonalOperator, type TraceMethod, trace } from '../src/index.ts';

const N = 120;
const RUNS = 200;
const METHODS: TraceMethod[] = ['hutchinson', 'hutch++', 'xtrace', 'xnystrace'];
/** The spectra of Epperly, Tropp & Webber 2024, section 4, at this size. */
const SPECTRA: Record<string, number[]> = {
  'flat, 3 to 1': Array.from({ length: N }, (_, i) => 3 - (2 * i) / (N - 1)),
  'j^-2': Array.from({ length: N }, (_, i) => (i + 1) ** -2),
  '0.7^j': Array.from({ length: N }, (_, i) => 0.7 ** i),
  'step, 20 ones and 1e-3': Array.from({ length: N }, (_, i) => (i < 20 ? 1 : 1e-3)),
};

interface Trust {
  /** Root mean square of estimate / trace - 1. */
  error: number;
  /** Share of runs in which the likely interval held. */
  covered: number;
  /** Mean standard error over the root mean square error. */
  ratio: number;
}

async function trustOf(spectrum: number[], method: TraceMethod, products: number): Promise<Trust> {
  const A = diagonalOperator(spectrum);
  const exact = spectrum.reduce((sum, value) => sum + value, 0);
  let [squares, covered, standardErrors] = [0, 0, 0];
  for (let seed = 0; seed < RUNS; seed++) {
    const { estimate, standardError, likely } = await trace(A, {
      method,
      maxProducts: products,
      seed,
      confidence: 0.95,
    });
    squares += (estimate / exact - 1) ** 2 / RUNS;
    standardErrors += standardError / exact / RUNS;
    if (likely.lower <= exact && exact <= likely.upper) covered++;
  }
  const error = Math.sqrt(squares);
  return { error, covered: covered / RUNS, ratio: standardErrors / error };
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const errors: string[] = [];
const trusts: string[] = [];
for (const [name, spectrum] of Object.entries(SPECTRA)) {
  for (const products of [16, 64]) {
    const cells: Trust[] = [];
    for (const method of METHODS) cells.push(await trustOf(spectrum, method, products));
    const shares = cells.map(({ covered, ratio }) => `${(100 * covered).toFixed(0)} %, ${ratio.toFixed(2)}`);
    trusts.push(row([name, String(products), ...shares]));
    if (products === 64) errors.push(row([name, ...cells.map(({ error }) => error.toExponential(1))]));
  }
}
console.log(
  [row(['spectrum', ...METHODS]), ...errors, '', row(['spectrum', 'products', ...METHODS]), ...trusts].join('\n'),
);
