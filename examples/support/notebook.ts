/** What the worked examples share: their flags and where their figures go. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UnsupportedError } from 'eigensketch';
import { svgToPng } from 'eigensketch/report';

export interface NotebookFlags {
  /** The size of the real thing rather than one that takes seconds. */
  full: boolean;
  /** Folder for figures. */
  out: string;
}

/** Reads `--full` and `--out DIR`. */
export function notebookFlags(): NotebookFlags {
  const { values } = parseArgs({
    options: { full: { type: 'boolean', default: false }, out: { type: 'string', default: 'dist/figures' } },
  });
  return values;
}

/** Writes a figure as SVG and PNG and says where, or says which package it would need. */
export async function saveFigure(folder: string, name: string, svg: Promise<string>): Promise<void> {
  try {
    const text = await svg;
    await mkdir(folder, { recursive: true });
    const path = join(folder, name);
    await writeFile(`${path}.svg`, text);
    console.log(`figure       ${path}.svg`);
    await writeFile(`${path}.png`, await svgToPng(text));
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    console.log(`no figure    ${error.message}`);
  }
}

/** Seconds since `started`, a value of `performance.now()`. */
export const secondsSince = (started: number): number => (performance.now() - started) / 1000;
