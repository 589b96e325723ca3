/** A Vega specification as SVG text, without a browser. */
import type { Spec } from 'vega';
import { missing } from './optional.ts';

/** @throws UnsupportedError without the package vega. */
export async function drawSvg(spec: Spec): Promise<string> {
  const { parse, View } = await import('vega').catch(missing('vega', 'a figure'));
  const view = new View(parse(spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
