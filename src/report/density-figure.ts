/** The figure of a spectral density, with its band. */
import { atDoor } from '../core/door.ts';
import { ArgumentError } from '../core/errors.ts';
import { parseOptions } from '../core/parse.ts';
import type { Density } from '../krylov/density.ts';
import type { SpectralDensity } from '../krylov/spectral-density.ts';
import { FIGURE_FIELDS, type FigureOptions } from './figure-style.ts';
import { plotSvg } from './plot.ts';

/** What the title and the subtitle are where the caller gives none. */
function bandText({ runs, order, confidence }: SpectralDensity): string {
  const size = `${runs === 1 ? '1 run' : `${runs} runs`} of ${order} Lanczos steps`;
  if (runs < 2) return `${size}: a band takes two`;
  return `${size}; band: each end of the mean over runs at ${confidence} by Student's t, not certified`;
}

/**
 * A density of `spectralDensity` or `tridiagToDensity` as SVG text, on a logarithmic axis that shows single outliers beside the
 * bulk; the band over runs where there are two or more.
 *
 * @example
 * const svg = await densitySvg(await spectralDensity(H, { order: 80, runs: 5 }), { title: 'LeNet on digits' });
 * @throws ArgumentError for what is no density and for options out of range; UnsupportedError without the package vega.
 */
export function densitySvg(density: Density | SpectralDensity, options: FigureOptions = {}): Promise<string> {
  return atDoor('densitySvg', async () => {
    const style = parseOptions(options, FIGURE_FIELDS);
    const { grid, density: y, scale, epsilon } = (density ?? {}) as Density;
    if (!ArrayBuffer.isView(grid) || !ArrayBuffer.isView(y)) {
      throw new ArgumentError('expected a density, as spectralDensity and tridiagToDensity make it');
    }
    const { lower, upper, runs } = density as Partial<SpectralDensity>;
    const isBanded = lower !== undefined && upper !== undefined && (runs ?? 0) > 1;
    const { title = 'Spectral density', subtitle = runs === undefined ? '' : bandText(density as SpectralDensity) } =
      style;
    const ofLog = `log₁₀(|eigenvalue| + ${epsilon === undefined ? 'ε' : epsilon.toExponential(0)})`;
    return plotSvg({
      ...style,
      title,
      subtitle,
      xTitle: scale === 'log' ? ofLog : 'eigenvalue',
      yTitle: 'density',
      yScale: 'log',
      series: [{ name: 'density', x: grid, y, ...(isBanded ? { lower, upper } : {}) }],
    });
  });
}
