/** Where everything of one eigendecomposition lies in shared memory. */
import type { Address } from '../module.ts';
import { packedBytes } from '../product.ts';
import type { Thread } from '../thread.ts';

/** Columns per panel of the tridiagonalisation, and reflectors per block of the back-transformation. */
export const PANEL = 32;
export const BLOCK = 64;

/** Most threads a team can have. */
const MAX_THREADS = 99;

type Matrices = 'A' | 'W' | 'Q' | 'S' | 'packed' | 'factors' | 'small';
type Vectors =
  | 'd'
  | 'e'
  | 'tau'
  | 'z'
  | 'poles'
  | 'polesZ'
  | 'grouped'
  | 'groupedZ'
  | 'origins'
  | 'taus'
  | 'weights'
  | 'rho';
type Integers = 'order' | 'place' | 'rows' | 'counts' | 'status';
type Piece = Matrices | Vectors | Integers | 'maxima';

/** Pieces of the workspace, in entries of 8 bytes (integers use half of theirs). */
function pieces(n: number): Record<Piece, number> {
  return {
    A: n * n,
    W: n * n,
    Q: n * n,
    S: Math.max(n * n, 3 * PANEL * n),
    packed: Math.max(n * packedPerRow(n), packedBytes(n, BLOCK) / 8, packedBytes(BLOCK, n) / 8),
    factors: n * BLOCK + BLOCK * BLOCK,
    small: n * BLOCK * 2,
    d: n,
    e: n,
    tau: n,
    z: n,
    poles: n,
    polesZ: n,
    grouped: n,
    groupedZ: n,
    origins: n,
    taus: n,
    weights: n,
    rho: n,
    maxima: MAX_THREADS,
    order: n,
    place: n,
    rows: n,
    counts: n,
    status: 1,
  };
}

/** Entries of packed operands per row of a merge: enough for the larger half of its rows squared, see merge.ts. */
export const packedPerRow = (n: number): number => Math.ceil(n / 2) + 2;

const LINE = 8;
const roundUp = (entries: number): number => Math.ceil(entries / LINE) * LINE;

/** The address of each piece of the workspace at `base`. */
export function workspacePlaces(n: number, base: Address): Readonly<Record<Piece, Address>> {
  const at: Partial<Record<Piece, Address>> = {};
  let next = base;
  for (const [name, entries] of Object.entries(pieces(n)) as [Piece, number][]) {
    at[name] = next;
    next += 8 * roundUp(entries);
  }
  return at as Record<Piece, Address>;
}

/** Bytes of shared memory of an eigendecomposition of order n: about 4.5 matrices. */
export function workspaceBytes(n: number): number {
  return 8 * Object.values(pieces(n)).reduce((sum, entries) => sum + roundUp(entries), 0);
}

/**
 * Addresses (`at`) and views of the pieces.
 *
 * - `A`: the matrix, then the reflectors as rows; `tau`, `d`, `e`: their factors and the tridiagonal matrix;
 * - `W`: eigenvectors of the tridiagonal matrix as rows, in the end those of A; `order`: rows of W by ascending eigenvalue;
 * - the rest is work space of the merges, in which rows lo..hi of each piece belong to the node lo..hi, and of the
 *   panels and blocks, whose columns of V and W lie where S is later.
 */
export class Workspace {
  readonly n: number;
  readonly at: Readonly<Record<Piece, Address>>;
  readonly W: Float64Array;
  readonly Q: Float64Array;
  readonly d: Float64Array;
  readonly e: Float64Array;
  readonly tau: Float64Array;
  readonly z: Float64Array;
  readonly poles: Float64Array;
  readonly polesZ: Float64Array;
  readonly grouped: Float64Array;
  readonly groupedZ: Float64Array;
  readonly origins: Float64Array;
  readonly taus: Float64Array;
  readonly rho: Float64Array;
  readonly maxima: Float64Array;
  readonly order: Int32Array;
  readonly place: Int32Array;
  readonly rows: Int32Array;
  readonly counts: Int32Array;
  readonly status: Int32Array;

  constructor(thread: Thread, base: Address, n: number) {
    this.n = n;
    this.at = workspacePlaces(n, base);
    const vector = (name: Piece): Float64Array => thread.float64(this.at[name], n);
    const integers = (name: Piece): Int32Array => thread.int32(this.at[name], n);
    this.W = thread.float64(this.at.W, n * n);
    this.Q = thread.float64(this.at.Q, n * n);
    this.d = vector('d');
    this.e = vector('e');
    this.tau = vector('tau');
    this.z = vector('z');
    this.poles = vector('poles');
    this.polesZ = vector('polesZ');
    this.grouped = vector('grouped');
    this.groupedZ = vector('groupedZ');
    this.origins = vector('origins');
    this.taus = vector('taus');
    this.rho = vector('rho');
    this.maxima = thread.float64(this.at.maxima, MAX_THREADS);
    this.order = integers('order');
    this.place = integers('place');
    this.rows = integers('rows');
    this.counts = integers('counts');
    this.status = thread.int32(this.at.status, 1);
  }

  /** Address of entry (i, j) of one of the n x n pieces. */
  entry(piece: 'A' | 'W', i: number, j: number): Address {
    return this.at[piece] + (i * this.n + j) * 8;
  }
}
