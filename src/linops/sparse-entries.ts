/** From SciPy's sparse formats to compressed rows: every index checked, rows sorted, entries given twice added up. */

import { allocate, dtypeOf, type FloatArray, isFloatArray } from '../core/dtype.ts';
import { ArgumentError, NumericalError, ShapeError } from '../core/errors.ts';
import { choice, integer } from '../core/parse.ts';
import { type CsrMatrix, startsOf, transposeCsr } from '../linalg/csr.ts';

/** Whole numbers in any array: SciPy writes int32, or int64 when there are many entries. */
export type IndexArray = ArrayLike<number> | BigInt64Array | BigUint64Array;

/** What every format has. */
export interface SparseShape {
  /** [rows, cols]. */
  shape: readonly [number, number];
  /** Entries: a Float32Array makes a float32 operator, everything else a float64 one. */
  data: ArrayLike<number>;
  /**
   * Only this triangle and the diagonal are given, and A = A^T: the other triangle is filled in. By default all entries are
   * given.
   */
  symmetric?: 'lower' | 'upper';
}

/** Compressed rows (`'csr'`, the default) or columns (`'csc'`), as `scipy.sparse.csr_matrix((data, indices, indptr), shape)`. */
export interface CompressedEntries extends SparseShape {
  /** `'csr'` (default): starts of rows; `'csc'`: starts of columns. */
  format?: 'csr' | 'csc';
  /** Where each row (column) starts in `indices` and `data`, and where the last one ends. */
  indptr: IndexArray;
  /** Column (row) of each entry, in any order; entries given more than once are added up. */
  indices: IndexArray;
}

/** Rows, columns and values in any order, as `scipy.sparse.coo_matrix((data, (row, col)), shape)`. */
export interface CoordinateEntries extends SparseShape {
  /** Rows and columns of every entry. */
  format: 'coo';
  /** Row of each entry, from 0. */
  row: IndexArray;
  /** Column of each entry, from 0. */
  col: IndexArray;
}

/** A sparse matrix in SciPy's names. */
export type SparseEntries = CompressedEntries | CoordinateEntries;

/** Rows, columns and entries are counted in 32 bits, as SciPy does by default. */
export const MOST: number = 2 ** 31 - 1;

/** Lengths up to this are no burden, however few entries there are. */
const ROOMY = 1e6;

/**
 * Whether a number of rows or columns is so far beyond that of the entries that it must be wrong: arrays of that length would
 * take gigabytes for nothing.
 */
export const isMostlyEmpty = (length: number, entries: number): boolean =>
  length > ROOMY && length > 1000 * (entries + 1);

/** The numbers of an index array as int32; `range` says what they index. @throws ArgumentError naming the first one outside 0..most. */
function toIndices(name: string, values: IndexArray, most: number, range: string): Int32Array {
  if (values === null || typeof values !== 'object' || !('length' in values)) {
    throw new ArgumentError(`${name} must be an array of whole numbers`, { [name]: values });
  }
  const out = Object.prototype.toString.call(values) === '[object Int32Array]' ? values : new Int32Array(values.length);
  for (let k = 0; k < values.length; k++) {
    const value = Number(values[k]);
    if (!(value >= 0 && value <= most && Number.isInteger(value))) {
      throw new ArgumentError(`${name}[${k}] is ${values[k]}, ${range}`, { [name]: values[k], at: k, most });
    }
    if (out !== values) (out as Int32Array)[k] = value;
  }
  return out as Int32Array;
}

function toValues(values: ArrayLike<number>): FloatArray {
  if (values === null || typeof values !== 'object' || !('length' in values) || typeof (values[0] ?? 0) !== 'number') {
    throw new ArgumentError('data must be a Float32Array, a Float64Array or an array of numbers', {});
  }
  const data = isFloatArray(values) ? values : Float64Array.from(values);
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return data;
  throw new NumericalError(`data[${at}] is ${data[at]}; every entry must be finite`, { at, value: data[at] });
}

/** Checks that row starts begin at 0, ascend and end at the number of entries. */
function checkStarts(indptr: Int32Array, entries: number): void {
  if (indptr[0] !== 0) throw new ArgumentError(`indptr[0] must be 0, got ${indptr[0]}`, { indptr: indptr[0] });
  for (let i = 1; i < indptr.length; i++) {
    if (indptr[i]! < indptr[i - 1]!) {
      throw new ArgumentError(
        `indptr must not descend: indptr[${i - 1}] is ${indptr[i - 1]}, indptr[${i}] is ${indptr[i]}`,
        { at: i },
      );
    }
  }
  if (indptr.at(-1) !== entries) {
    throw new ShapeError(`indptr ends at ${indptr.at(-1)}, there are ${entries} entries`, { entries });
  }
}

function areSorted({ rows, indptr, indices }: CsrMatrix): boolean {
  for (let i = 0; i < rows; i++) {
    for (let k = indptr[i]! + 1; k < indptr[i + 1]!; k++) if (indices[k]! <= indices[k - 1]!) return false;
  }
  return true;
}

/** Adds up entries of the same place, in rows whose columns ascend. */
function withoutDuplicates(A: CsrMatrix): CsrMatrix {
  const { rows, cols, indptr, indices, data } = A;
  const starts = new Int32Array(rows + 1);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    for (let k = indptr[i]!; k < indptr[i + 1]!; k++) {
      if (at > starts[i]! && indices[at - 1] === indices[k]) data[at - 1]! += data[k]!;
      else {
        indices[at] = indices[k]!;
        data[at] = data[k]!;
        at++;
      }
    }
    starts[i + 1] = at;
  }
  return { rows, cols, indptr: starts, indices: indices.slice(0, at), data: data.slice(0, at) };
}

/** The same matrix with rows sorted and each place at most once; itself when it is so already. */
function canonical(A: CsrMatrix): CsrMatrix {
  if (areSorted(A)) return A;
  const summed = withoutDuplicates(transposeCsr(transposeCsr(A)));
  toValues(summed.data);
  return summed;
}

function fromCoordinates(entries: CoordinateEntries, rows: number, cols: number): CsrMatrix {
  const data = toValues(entries.data);
  const row = toIndices('row', entries.row, rows - 1, `rows are 0..${rows - 1}`);
  const col = toIndices('col', entries.col, cols - 1, `columns are 0..${cols - 1}`);
  if (row.length !== data.length || col.length !== data.length) {
    throw new ShapeError(`row, col and data have ${row.length}, ${col.length} and ${data.length} entries`, {});
  }
  const counts = new Int32Array(rows + 1);
  for (const i of row) counts[i + 1]!++;
  const indptr = startsOf(counts);
  const next = indptr.slice();
  const indices = new Int32Array(data.length);
  const values = allocate(dtypeOf(data), data.length);
  for (let k = 0; k < data.length; k++) {
    const at = next[row[k]!]!++;
    indices[at] = col[k]!;
    values[at] = data[k]!;
  }
  return canonical({ rows, cols, indptr, indices, data: values });
}

function fromCompressed(entries: CompressedEntries, rows: number, cols: number): CsrMatrix {
  const data = toValues(entries.data);
  const indptr = toIndices('indptr', entries.indptr, data.length, `there are ${data.length} entries`);
  const outer = entries.format === 'csc' ? 'columns' : 'rows';
  if (indptr.length !== rows + 1) {
    throw new ShapeError(`${rows} ${outer} need ${rows + 1} numbers in indptr, got ${indptr.length}`, {});
  }
  checkStarts(indptr, data.length);
  const inner = entries.format === 'csc' ? 'rows' : 'columns';
  const indices = toIndices('indices', entries.indices, cols - 1, `${inner} are 0..${cols - 1}`);
  if (indices.length !== data.length) {
    throw new ShapeError(`indices and data have ${indices.length} and ${data.length} entries`, {});
  }
  return canonical({ rows, cols, indptr, indices, data });
}

/** A matrix of which one triangle is given, with the other one. */
function withOtherTriangle(A: CsrMatrix, given: 'lower' | 'upper'): CsrMatrix {
  const { rows, indptr, indices, data } = A;
  if (rows !== A.cols) throw new ShapeError(`symmetric needs a square matrix, got ${rows} x ${A.cols}`, {});
  for (let i = 0; i < rows; i++) {
    for (let k = indptr[i]!; k < indptr[i + 1]!; k++) {
      const j = indices[k]!;
      if (given === 'lower' ? j <= i : j >= i) continue;
      const message = `symmetric: '${given}' says that only that triangle is given, but there is entry (${i}, ${j})`;
      throw new ArgumentError(message, { row: i, column: j });
    }
  }
  const T = transposeCsr(A);
  const [low, high] = given === 'lower' ? [A, T] : [T, A];
  const starts = new Int32Array(rows + 1);
  const most = 2 * data.length;
  if (most > MOST) throw new ArgumentError(`${most} entries are more than ${MOST}`, { entries: most });
  const columns = new Int32Array(most);
  const values = allocate(dtypeOf(data), most);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    for (let k = low.indptr[i]!; k < low.indptr[i + 1]!; k++, at++) {
      columns[at] = low.indices[k]!;
      values[at] = low.data[k]!;
    }
    for (let k = high.indptr[i]!; k < high.indptr[i + 1]!; k++) {
      if (high.indices[k] === i) continue;
      columns[at] = high.indices[k]!;
      values[at] = high.data[k]!;
      at++;
    }
    starts[i + 1] = at;
  }
  return { rows, cols: rows, indptr: starts, indices: columns.slice(0, at), data: values.slice(0, at) };
}

const NAMES = ['shape', 'format', 'indptr', 'indices', 'row', 'col', 'data', 'symmetric'];

/**
 * Compressed rows of entries in any of the formats, sorted and without duplicates. Arrays that are so already are shared.
 * @throws ArgumentError, ShapeError, NumericalError naming the array and the first wrong place.
 */
export function toCsr(entries: SparseEntries): CsrMatrix {
  if (entries === null || typeof entries !== 'object') {
    throw new ArgumentError(`expected { shape, indptr, indices, data }, got ${String(entries)}`, {});
  }
  const unknown = Object.keys(entries).find((name) => !NAMES.includes(name));
  if (unknown) throw new ArgumentError(`there is no ${unknown}; there are ${NAMES.join(', ')}`, { unknown });
  if (entries.shape?.length !== 2) throw new ArgumentError('shape must be [rows, cols]', {});
  const rows = integer(1, MOST).parse(entries.shape[0], 'shape[0]');
  const cols = integer(1, MOST).parse(entries.shape[1], 'shape[1]');
  const format = choice(['csr', 'csc', 'coo']).parse(entries.format ?? 'csr', 'format');
  if ((entries.data?.length ?? 0) > MOST) {
    throw new ArgumentError(`${entries.data.length} entries are more than ${MOST}`, {});
  }
  const written = entries.data?.length ?? 0;
  // compressed rows come with an array of their number
  const lengths = { csr: [cols], csc: [rows], coo: [rows, cols] }[format];
  if (lengths.some((length) => isMostlyEmpty(length, written))) {
    throw new ArgumentError(
      `shape is ${rows} x ${cols} and there are ${written} entries: nearly all rows or columns would be empty`,
      { rows, cols, entries: written },
    );
  }
  const { symmetric } = entries;
  if (symmetric !== undefined) choice(['lower', 'upper']).parse(symmetric, 'symmetric');
  if (format === 'coo') {
    const A = fromCoordinates(entries as CoordinateEntries, rows, cols);
    return symmetric ? withOtherTriangle(A, symmetric) : A;
  }
  const compressed = entries as CompressedEntries;
  const A =
    format === 'csr' ? fromCompressed(compressed, rows, cols) : transposeCsr(fromCompressed(compressed, cols, rows));
  return symmetric ? withOtherTriangle(A, symmetric) : A;
}
