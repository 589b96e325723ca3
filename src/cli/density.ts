/** `eigensketch density`: the spectral density of an operator, as a histogram, a table or a figure. */
import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { described } from '../core/parse.ts';
import { type SpectralDensityOptions, spectralDensityFields } from '../krylov/density-options.ts';
import type { SpectralDensity } from '../krylov/spectral-density.ts';
import { estimateText } from '../report/numbers.ts';
import { type Command, checkOutput, defineCommand, fileEndingIn, pick, refuseWords } from './command.ts';
import { ESTIMATING_FIELDS, usageOf } from './estimating.ts';
import { EXIT } from './exit.ts';
import { operatorName, operatorOf, sourceOf } from './operator-source.ts';
import { reporterOf } from './progress.ts';

const FIELDS = spectralDensityFields({});
const FORMATS = ['.csv', '.json', '.svg'];

const ROWS = 20;
const BAR = 40;

/** Shares of the eigenvalues in equal parts of the axis, with bars. */
function histogram({ grid, density }: SpectralDensity): string {
  const [low, high] = [grid[0]!, grid.at(-1)!];
  const shares = new Float64Array(ROWS);
  for (let i = 1; i < grid.length; i++) {
    const middle = (grid[i]! + grid[i - 1]!) / 2;
    const row = Math.min(ROWS - 1, Math.floor(((middle - low) / (high - low)) * ROWS));
    shares[row]! += ((grid[i]! - grid[i - 1]!) * (density[i]! + density[i - 1]!)) / 2;
  }
  const most = shares.reduce((a, b) => Math.max(a, b), 0);
  const edges = Array.from({ length: ROWS + 1 }, (_, i) => estimateText(low + ((high - low) * i) / ROWS));
  const width = edges.reduce((a, edge) => Math.max(a, edge.length), 0);
  return Array.from(shares, (share, i) => {
    const range = `${edges[i]!.padStart(width)} to ${edges[i + 1]!.padStart(width)}`;
    const bar = '█'.repeat(most > 0 ? Math.round((BAR * share) / most) : 0);
    return `${range} ${(100 * share).toFixed(2).padStart(6)} % ${bar}`.trimEnd();
  }).join('\n');
}

function summary(result: SpectralDensity): string {
  const { moments, runs, order, numMatvecs, scale } = result;
  const [mean, square] = [moments[1]!.estimate, moments[2]!.estimate];
  const deviation = Math.sqrt(Math.max(0, square - mean ** 2));
  return `mean ${estimateText(mean)}, standard deviation ${estimateText(deviation)}
${runs} runs of ${order} Lanczos steps, ${numMatvecs} products

${scale === 'log' ? 'log10(|eigenvalue| + epsilon)' : 'eigenvalues'} and their share
${histogram(result)}`;
}

function table({ grid, density, lower, upper }: SpectralDensity): string {
  const rows = Array.from(grid, (x, i) => [x, density[i], lower[i], upper[i]].join(','));
  return `x,density,lower,upper\n${rows.join('\n')}\n`;
}

async function figure(result: SpectralDensity, name: string): Promise<string> {
  const { densitySvg } = await import('../report/density-figure.ts');
  return densitySvg(result, { title: `Spectral density of ${name}` });
}

export const densityCommand: Command = defineCommand({
  name: 'density',
  usage: usageOf('density'),
  about:
    'The density of all eigenvalues by stochastic Lanczos quadrature, with a band over runs that is not certified.',
  fields: {
    ...ESTIMATING_FIELDS,
    ...FIELDS,
    out: described(
      fileEndingIn(FORMATS),
      'also write the curve and its band: .csv, .json, or .svg (needs the package vega)',
    ),
  },
  examples: ['density --operator hessian.js --scale log --out density.svg'],
  async run({ given, values, words }, { signal }) {
    refuseWords(words);
    const source = sourceOf(given);
    const { out } = values as { out: string | undefined };
    await checkOutput(out);
    const { spectralDensity } = await import('../krylov/spectral-density.ts');
    const options = { ...pick(given, FIELDS), onProgress: reporterOf(given), signal } as SpectralDensityOptions;
    const result = await spectralDensity(await operatorOf(source), options);
    const json = JSON.stringify(result, null, 2);
    console.log(given.json ? json : summary(result));
    if (out === undefined) return EXIT.done;
    const extension = extname(out).toLowerCase();
    const content =
      extension === '.csv' ? table(result) : extension === '.json' ? json : await figure(result, operatorName(source));
    await writeFile(out, content);
    return EXIT.done;
  },
});
