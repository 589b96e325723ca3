/** A Vega specification as SVG text, without a browser. */
import type { Spec } from 'vega';
import { missing } from './optional.ts';
import { oneLine } from './text.ts';

/** @throws UnsupportedError without the package vega. */
export async function drawSvg(spec: Spec): Promise<string> {
  const { parse, View } = await import('vega').catch(missing('vega', 'a figure'));
  const view = new View(parse(spec), { renderer: 'none' });
  try {
    // XML has no characters that control a terminal, also not in names
    return oneLine(await view.toSVG());
  } finally {
    view.finalize();
  }
}
