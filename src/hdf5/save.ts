/** From a multivector to block files. */
import { type Block, copyColumns, zeros } from '../core/block.ts';
import { atDoor, within } from '../core/door.ts';
import { ShapeError } from '../core/errors.ts';
import { asRecord, CONTROL, type Field, integer, listOf, parseOptions, refuse, text } from '../core/parse.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { type SweepContext, sweep } from '../multivector/sweep.ts';
import { attributesField } from './arguments.ts';
import { BlockWriter } from './block-writer.ts';
import type { Traffic } from './io.ts';
import type { Attributes } from './messages.ts';

/** One file to be: so many of the next columns. */
export interface ColumnFile {
  /** Where it is. */
  path: string;
  /** Columns in the file. */
  cols: number;
  /** Attributes of the file beside those of the format. */
  attributes: Attributes;
}

const columnFile: Field<ColumnFile> = {
  kind: 'value',
  parse: (value, name) =>
    within(name, () =>
      parseOptions(asRecord(value, 'a file'), { path: text, cols: integer(0), attributes: attributesField }),
    ),
};

const CONTEXT = { signal: CONTROL.signal };

/**
 * Writes the columns of X to block files, in one pass over its rows and with the memory of a panel. The files appear one
 * by one when all numbers are written; after an error or an abort those that did not are gone.
 *
 * @throws ArgumentError for what is no multivector or file, StoreError naming the file that cannot be written, ShapeError unless the files take all columns.
 */
export function saveColumns(
  X: Multivector,
  files: readonly ColumnFile[],
  context: SweepContext = {},
  traffic?: Traffic,
): Promise<void> {
  return atDoor('saveColumns', async () => {
    if (typeof (X as Multivector | null)?.readRows !== 'function') refuse('X', 'a multivector', X);
    return save(X, listOf(columnFile).parse(files, 'files'), parseOptions(context, CONTEXT), traffic);
  });
}

async function save(
  X: Multivector,
  files: readonly ColumnFile[],
  context: SweepContext,
  traffic: Traffic | undefined,
): Promise<void> {
  const total = files.reduce((sum, { cols }) => sum + cols, 0);
  if (total !== X.cols) throw new ShapeError(`files for ${total} of ${X.cols} columns`);
  const { rows, dtype } = X;
  const writers: BlockWriter[] = [];
  try {
    for (const { path, cols } of files) writers.push(await BlockWriter.create(path, { rows, cols, dtype }, traffic));
    await sweep('saveColumns', [X], context, async ([panel]) => {
      let first = 0;
      for (const writer of writers) {
        const { cols } = writer.shape;
        const part: Block = zeros(panel!.rows, cols, dtype);
        copyColumns(panel!, first, first + cols, part, 0);
        await writer.append(part);
        first += cols;
      }
    });
    for (const [i, writer] of writers.entries()) await writer.commit(files[i]!.attributes);
  } catch (error) {
    await Promise.all(writers.map((writer) => writer.abort()));
    throw error;
  }
}
