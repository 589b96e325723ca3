/** The Matrix Market format: Boisvert, Pozo & Remington 1996, NISTIR 5935. */
import { stat } from 'node:fs/promises';
import { within } from '../core/door.ts';
import { NumericalError, StoreError, UnsupportedError } from '../core/errors.ts';
import { storeError } from '../hdf5/io.ts';
import type { Operator } from '../linops/define.ts';
import { denseOperator } from '../linops/dense.ts';
import { csrOperator } from '../linops/sparse.ts';
import { type CoordinateEntries, isMostlyEmpty, MOST, type SparseEntries, toCsr } from '../linops/sparse-entries.ts';
import { lineGroups } from './lines.ts';

/** What the first line says. */
interface Banner {
  layout: 'coordinate' | 'array';
  field: 'real' | 'double' | 'integer' | 'pattern';
  symmetry: 'general' | 'symmetric' | 'skew-symmetric';
}

/** Takes the lines after the banner, one by one, with their numbers. */
interface Reader {
  take(line: string, number: number): void;
  finish(): Operator;
}

function parseBanner(path: string, line: string): Banner {
  const words = line.trim().toLowerCase().split(/\s+/);
  const [magic, object, layout = '', field = '', symmetry = ''] = words;
  if (magic !== '%%matrixmarket' || object !== 'matrix' || !['coordinate', 'array'].includes(layout)) {
    throw new StoreError(
      `${path}: not a Matrix Market file: it must begin with '%%MatrixMarket matrix coordinate' or 'array'`,
      { path },
    );
  }
  if (field === 'complex' || symmetry === 'hermitian') {
    throw new UnsupportedError(`${path}: a ${field} ${symmetry} matrix; only real ones are read`, {
      path,
      field,
      symmetry,
    });
  }
  if (!['real', 'double', 'integer', 'pattern'].includes(field) || (field === 'pattern' && layout === 'array')) {
    throw new StoreError(`${path}: a Matrix Market ${layout} has no field '${field}'`, { path, field });
  }
  if (!['general', 'symmetric', 'skew-symmetric'].includes(symmetry)) {
    throw new StoreError(`${path}: a Matrix Market file has no symmetry '${symmetry}'`, { path, symmetry });
  }
  return { layout, field, symmetry } as Banner;
}

const wordsOf = (line: string): string[] => line.trim().split(/\s+/);

/** Whole numbers of a line. @throws StoreError naming the line. */
function wholeNumbers(path: string, line: string, number: number, count: number): number[] {
  const words = wordsOf(line);
  const values = words.map(Number);
  if (values.length === count && values.every((value) => Number.isSafeInteger(value) && value >= 0)) return values;
  throw new StoreError(`${path}: line ${number}: expected ${count} whole numbers, got '${line.trim().slice(0, 60)}'`, {
    path,
    line: number,
  });
}

/** @throws StoreError for what is no number, NumericalError for one that is not finite. */
function finiteNumber(path: string, word: string | undefined, number: number): number {
  const value = word === undefined || word === '' ? Number.NaN : Number(word);
  if (Number.isFinite(value)) return value;
  if (word !== undefined && /^[+-]?(nan|inf(inity)?)$/i.test(word)) {
    throw new NumericalError(`${path}: line ${number}: an entry is ${word}; every entry must be finite`, {
      path,
      line: number,
    });
  }
  throw new StoreError(`${path}: line ${number}: expected a number, got '${(word ?? '').slice(0, 60)}'`, {
    path,
    line: number,
  });
}

/** @throws StoreError for a shape that the file's size contradicts: asked before memory is taken. */
function checkSizes(path: string, banner: Banner, rows: number, cols: number, entries: number, bytes: number): void {
  const shape = `${rows} x ${cols} with ${entries} entries`;
  if (rows < 1 || cols < 1) throw new StoreError(`${path}: a matrix of ${shape} is no operator`, { path, rows, cols });
  // `1 1` and `1 1 1`, or `1`, each with the end of a line, which the last one may lack
  const least = banner.layout === 'array' ? 2 : banner.field === 'pattern' ? 4 : 6;
  if (entries * least > bytes + 1) {
    throw new StoreError(`${path}: truncated or damaged: it declares ${shape}, but has only ${bytes} bytes`, {
      path,
      bytes,
    });
  }
  if (banner.layout === 'array') return;
  const longest = Math.max(rows, cols);
  if (longest > MOST || entries > MOST) {
    throw new UnsupportedError(`${path}: ${shape}: rows, columns and entries are counted up to ${MOST}`, { path });
  }
  if (isMostlyEmpty(longest, entries)) {
    throw new StoreError(`${path}: damaged: it declares ${shape}: nearly all rows or columns would be empty`, { path });
  }
}

function checkSquare(path: string, { symmetry }: Banner, rows: number, cols: number): void {
  if (symmetry === 'general' || rows === cols) return;
  throw new StoreError(`${path}: a ${symmetry} matrix cannot be ${rows} x ${cols}`, { path, rows, cols });
}

function coordinateReader(path: string, banner: Banner, sizes: number[], bytes: number): Reader {
  const [rows, cols, entries] = sizes as [number, number, number];
  checkSquare(path, banner, rows, cols);
  checkSizes(path, banner, rows, cols, entries, bytes);
  const isSkew = banner.symmetry === 'skew-symmetric';
  const isPattern = banner.field === 'pattern';
  const capacity = isSkew ? 2 * entries : entries;
  const [row, col] = [new Int32Array(capacity), new Int32Array(capacity)];
  const data = new Float64Array(capacity);
  let [count, at, below, above] = [0, 0, 0, 0];
  const add = (i: number, j: number, value: number): void => {
    row[at] = i;
    col[at] = j;
    data[at++] = value;
  };
  return {
    take(line, number) {
      const words = wordsOf(line);
      if (words.length < (isPattern ? 2 : 3)) {
        throw new StoreError(
          `${path}: line ${number}: an entry is 'row column${isPattern ? '' : ' value'}', got '${line.trim()}'`,
          {
            path,
            line: number,
          },
        );
      }
      const [i, j] = [Number(words[0]), Number(words[1])];
      if (!(Number.isInteger(i) && Number.isInteger(j) && i >= 1 && j >= 1 && i <= rows && j <= cols)) {
        throw new StoreError(
          `${path}: line ${number}: entry (${words[0]}, ${words[1]}) lies outside ${rows} x ${cols}`,
          {
            path,
            line: number,
          },
        );
      }
      if (++count > entries)
        throw new StoreError(`${path}: line ${number}: more than the ${entries} entries it declares`, { path });
      const value = isPattern ? 1 : finiteNumber(path, words[2], number);
      if (i > j) below = number;
      if (i < j) above = number;
      if (isSkew && i === j && value !== 0) {
        throw new StoreError(`${path}: line ${number}: a skew-symmetric matrix has a zero diagonal`, {
          path,
          line: number,
        });
      }
      add(i - 1, j - 1, value);
      if (isSkew) add(j - 1, i - 1, -value);
    },
    finish() {
      if (count < entries) {
        throw new StoreError(`${path}: truncated: ${count} of ${entries} entries`, { path, count, entries });
      }
      if (banner.symmetry !== 'general' && below > 0 && above > 0) {
        throw new StoreError(
          `${path}: a ${banner.symmetry} file gives one triangle, but line ${below} is below the diagonal and line ${above} above`,
          { path, below, above },
        );
      }
      const matrix: CoordinateEntries = { format: 'coo', shape: [rows, cols], row, col, data };
      const symmetric = above > 0 ? 'upper' : 'lower';
      const given: SparseEntries = banner.symmetry === 'symmetric' ? { ...matrix, symmetric } : matrix;
      return csrOperator(
        'readOperator',
        within(path, () => toCsr(given)),
      );
    },
  };
}

function arrayReader(path: string, banner: Banner, sizes: number[], bytes: number): Reader {
  const [rows, cols] = sizes as [number, number];
  checkSquare(path, banner, rows, cols);
  const isGeneral = banner.symmetry === 'general';
  const isSkew = banner.symmetry === 'skew-symmetric';
  const entries = isGeneral ? rows * cols : (rows * (isSkew ? rows - 1 : rows + 1)) / 2;
  checkSizes(path, banner, rows, cols, entries, bytes);
  const data = new Float64Array(rows * cols);
  // column by column; of a symmetric matrix what is on and below the diagonal, of a skew one what is below
  const firstRow = (column: number): number => (isGeneral ? 0 : isSkew ? column + 1 : column);
  let column = 0;
  let i = firstRow(0);
  let count = 0;
  return {
    take(line, number) {
      for (const word of wordsOf(line)) {
        if (++count > entries)
          throw new StoreError(`${path}: line ${number}: more than the ${entries} entries it needs`, { path });
        const value = finiteNumber(path, word, number);
        data[i * cols + column] = value;
        if (!isGeneral && i !== column) data[column * cols + i] = isSkew ? -value : value;
        if (++i === rows) i = firstRow(++column);
      }
    },
    finish() {
      if (count < entries) throw new StoreError(`${path}: truncated: ${count} of ${entries} entries`, { path, count });
      return denseOperator({ rows, cols, data });
    },
  };
}

/**
 * The operator of a .mtx file: sparse for `coordinate`, dense for `array`. General, symmetric (one triangle given) and
 * skew-symmetric; real, integer and pattern (all entries 1).
 * @throws StoreError naming the line of what is wrong, UnsupportedError for complex matrices.
 */
export async function readMatrixMarket(path: string): Promise<Operator> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw storeError(path, 'read', cause);
  });
  let number = 0;
  let banner: Banner | undefined;
  let reader: Reader | undefined;
  for await (const lines of lineGroups(path)) {
    for (const line of lines) {
      number++;
      if (banner === undefined) banner = parseBanner(path, line);
      else if (line.trim() !== '' && !line.startsWith('%')) {
        if (reader) reader.take(line, number);
        else {
          const isArray = banner.layout === 'array';
          const sizes = wholeNumbers(path, line, number, isArray ? 2 : 3);
          reader = isArray ? arrayReader(path, banner, sizes, size) : coordinateReader(path, banner, sizes, size);
        }
      }
    }
  }
  if (!reader) throw new StoreError(`${path}: truncated: it has no line of sizes`, { path });
  return reader.finish();
}
