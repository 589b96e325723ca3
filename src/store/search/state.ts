/** The record of a search after a product: numbers, and which files hold the column blocks. */
import { type Matrix, zeroMatrix } from '../../core/block.ts';
import { StoreError } from '../../core/errors.ts';
import { maximum } from '../../core/extremes.ts';
import type { Search } from '../../eigsh/search.ts';
import type { SearchSeconds } from '../../eigsh/stopwatch.ts';
import { type RecordArray, readRecordFile, writeRecordFile } from '../../hdf5/record-file.ts';
import type { Decomposition } from '../../krylov/decomposition.ts';
import { fromAttributes, type Kinds, toAttributes } from '../attributes.ts';
import { blockName } from '../directory.ts';
import { checkIdentity } from '../identity.ts';
import { recordAttributes, type WorkRecord } from '../record.ts';
import { BLOCKS, fileIdentity, type SearchDirectory, statePath } from './directory.ts';

/** Numbers of the files of V's parts, in order, and of W; none where W has no columns. */
export interface ColumnFiles {
  V: readonly number[];
  W: number | undefined;
}

/** All of them, W last. */
export const allFiles = ({ V, W }: ColumnFiles): number[] => [...V, ...(W === undefined ? [] : [W])];

/** A search whose column blocks are in files. */
export interface StoredSearch extends Omit<Search, 'state'> {
  state: Omit<Decomposition, 'V' | 'W'>;
  files: ColumnFiles;
  /** The number of the next file. */
  nextFile: number;
  /** Of computing so far, over all processes and interruptions. */
  secondsByStage: SearchSeconds;
}

/** What of it are attributes. */
interface Scalars {
  phase: 'search' | 'check';
  numMatvecs: number;
  restarts: number;
  /** Columns of W. */
  waiting: number;
  drawn: number;
  newest: number;
  lost: number;
  roundings: number;
  /** Runs of the check so far, products before the first, and the log of the length of the run under way. */
  checkRuns: number;
  checkFirstProduct: number;
  checkLength: number;
  /** What a run that is over came to; NaN for one under way. */
  checkLower: number;
  checkUpper: number;
  nextFile: number;
  secondsProducts: number;
  secondsOther: number;
}

const KINDS: Kinds<Scalars> = {
  phase: 'string',
  numMatvecs: 'number',
  restarts: 'number',
  waiting: 'number',
  drawn: 'number',
  newest: 'number',
  lost: 'number',
  roundings: 'number',
  checkRuns: 'number',
  checkFirstProduct: 'number',
  checkLength: 'number',
  checkLower: 'number',
  checkUpper: 'number',
  nextFile: 'number',
  secondsProducts: 'number',
  secondsOther: 'number',
};

function scalarsOf({ state, numMatvecs, restarts, check, nextFile, secondsByStage }: StoredSearch): Scalars {
  const { drawn, newest, lost, roundings } = state;
  return {
    phase: check?.run ? 'check' : 'search',
    waiting: state.B.rows,
    ...{ numMatvecs, restarts, drawn, newest, lost, roundings },
    checkRuns: check?.runs ?? 0,
    checkFirstProduct: check?.firstProduct ?? 0,
    checkLength: check?.run?.length ?? 0,
    checkLower: check?.run?.ended?.lower ?? Number.NaN,
    checkUpper: check?.run?.ended?.upper ?? Number.NaN,
    nextFile,
    secondsProducts: secondsByStage.products,
    secondsOther: secondsByStage.other,
  };
}

/** Of a run of the check. */
const CHECK_ARRAYS = [
  'check_diagonal',
  'check_off_diagonal',
  'check_values',
  'check_outside_of',
  'check_coupling',
  'check_vectors',
];

const matrixArray = ({ rows, cols, data }: Matrix): RecordArray => ({ shape: [rows, cols], data });
const vectorArray = (values: ArrayLike<number>): RecordArray => ({
  shape: [values.length],
  data: Float64Array.from(values),
});
/** Vectors as the rows of a matrix, with zeros at the end of shorter ones. */
function rowsArray(vectors: readonly Float64Array[]): RecordArray {
  const cols = maximum(vectors.map(({ length }) => length));
  const data = new Float64Array(vectors.length * cols);
  for (const [i, vector] of vectors.entries()) data.set(vector, i * cols);
  return { shape: [vectors.length, cols], data };
}
const rowsFrom = ({ shape: [rows, cols], data }: RecordArray): Float64Array[] =>
  Array.from({ length: rows! }, (_, i) => Float64Array.from(data.subarray(i * cols!, (i + 1) * cols!)));
const matrixFrom = ({ shape, data }: RecordArray): Matrix => ({ rows: shape[0]!, cols: shape[1]!, data });

/** Puts a record in the place of the one before: from then on the search is where this one says. @throws StoreError */
export async function writeState(directory: SearchDirectory, search: StoredSearch, work: WorkRecord): Promise<void> {
  const { state, check, files } = search;
  const { H, B } = state;
  const link = (path: string, file: number) => ({ path, file: `${BLOCKS}/${blockName(file)}`, target: '/block' });
  await writeRecordFile(statePath(directory), {
    attributes: {
      ...fileIdentity(directory, 'state'),
      ...toAttributes(KINDS, scalarsOf(search)),
      ...recordAttributes(work),
    },
    arrays: {
      H: matrixArray(H),
      files: vectorArray(allFiles(files)),
      ...(B.rows > 0 ? { B: matrixArray(B) } : {}),
      ...(check?.run
        ? {
            check_diagonal: vectorArray(check.run.diagonal),
            check_off_diagonal: vectorArray(check.run.offDiagonal),
            check_values: vectorArray(check.run.values),
            check_outside_of: rowsArray(check.run.outsideOf),
            check_coupling: matrixArray(check.run.coupling),
            check_vectors: rowsArray(check.run.vectors),
          }
        : {}),
    },
    links: [
      ...files.V.map((file, part) => link(`V/${blockName(part).replace('.h5', '')}`, file)),
      ...(files.W === undefined ? [] : [link('W', files.W)]),
    ],
  });
}

const remedy = ({ path }: SearchDirectory): string => `, or remove ${path} to search from the start`;

/** @throws StoreError unless the arrays have the shapes that belong together. */
function checkShapes(
  file: string,
  { H, B, files, ...rest }: Record<string, RecordArray>,
  { waiting, nextFile }: Scalars,
): void {
  const [m = -1] = H!.shape;
  const numbers = Array.from(files!.data);
  const isRight =
    H!.shape.join() === `${m},${m}` &&
    (B === undefined ? waiting === 0 : B.shape.join() === `${waiting},${m}`) &&
    numbers.length > Number(waiting > 0) &&
    numbers.every((number) => Number.isSafeInteger(number) && number >= 0 && number < nextFile) &&
    rest.check_diagonal?.data.length === rest.check_off_diagonal?.data.length &&
    rest.check_values?.data.length === rest.check_outside_of?.shape[0] &&
    rest.check_values?.data.length === rest.check_coupling?.shape[1];
  if (!isRight) throw new StoreError(`${file}: its arrays do not fit together`, { file });
}

/** @throws StoreError naming the file when it is missing, damaged or of another search. */
export async function readState(directory: SearchDirectory): Promise<StoredSearch> {
  const file = statePath(directory);
  const { attributes } = await readRecordFile(file);
  checkIdentity(file, attributes, fileIdentity(directory, 'state'), remedy(directory));
  const scalars = fromAttributes(KINDS, file, attributes);
  const { numMatvecs, restarts, waiting, drawn, newest, lost, roundings, checkRuns, nextFile } = scalars;
  const isFollowing = scalars.phase === 'check';
  const hasW = waiting > 0;
  const { arrays } = await readRecordFile(file, [
    'H',
    'files',
    ...(hasW ? ['B'] : []),
    ...(isFollowing ? CHECK_ARRAYS : []),
  ]);
  checkShapes(file, arrays, scalars);
  const H = matrixFrom(arrays.H!);
  const numbers = Array.from(arrays.files!.data);
  const W = hasW ? numbers.pop() : undefined;
  const run = isFollowing
    ? {
        length: scalars.checkLength,
        diagonal: Array.from(arrays.check_diagonal!.data),
        offDiagonal: Array.from(arrays.check_off_diagonal!.data),
        values: arrays.check_values!.data,
        outsideOf: rowsFrom(arrays.check_outside_of!),
        coupling: matrixFrom(arrays.check_coupling!),
        vectors: rowsFrom(arrays.check_vectors!),
        ended: Number.isNaN(scalars.checkLower) ? undefined : { lower: scalars.checkLower, upper: scalars.checkUpper },
      }
    : undefined;
  return {
    state: { H, B: hasW ? matrixFrom(arrays.B!) : zeroMatrix(0, H.cols), drawn, newest, lost, roundings },
    numMatvecs,
    restarts,
    check: checkRuns === 0 ? undefined : { runs: checkRuns, firstProduct: scalars.checkFirstProduct, run },
    files: { V: numbers, W },
    nextFile,
    secondsByStage: { products: scalars.secondsProducts, other: scalars.secondsOther },
  };
}
