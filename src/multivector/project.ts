/** Taking the part in the span of an orthonormal basis away from tall blocks. */
import { type Block, type Matrix, zeroMatrix } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { frobeniusNorm } from '../linalg/small.ts';
import type { Multivector } from './multivector.ts';
import { sweep } from './sweep.ts';
import { addSquares, subtractPanels, type VerbContext } from './verbs.ts';

/** What a projection of rounded numbers may leave in the span, in roundings of the size of the rest. */
const LEFT_OVER = 16;

/** A block under projection, its part in the span, and how large it is. */
interface Projected {
  X: Multivector;
  /** V^T X. */
  overlap: Matrix;
  /** Squared norms of the columns of X. */
  squares: Float64Array;
}

const unprojected = (X: Multivector, V: Multivector): Projected => ({
  X,
  overlap: zeroMatrix(V.cols, X.cols),
  squares: new Float64Array(X.cols),
});

function isClean({ X, overlap, squares }: Projected): boolean {
  const size = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
  return frobeniusNorm(overlap) <= LEFT_OVER * unitRoundoff(X.dtype) * size;
}

/** How blocks are to be projected. */
export interface ProjectOptions {
  /** Sees each row panel of V once. */
  observe?: (v: Block) => void;
  /** Those of the blocks for which one sweep is enough. */
  once?: readonly Multivector[];
}

/**
 * X <- (I - V V^T) X, n x l each, for some blocks in the same passes over an orthonormal V. What a sweep leaves in the
 * span, by rounding of the size of the part it took away, is measured on the way; another one follows where that is not
 * small beside what is left of X.
 */
export async function projectOut(
  blocks: readonly Multivector[],
  V: Multivector,
  context: VerbContext,
  { observe, once = [] }: ProjectOptions = {},
): Promise<void> {
  const { kernels } = context;
  let pending = blocks.map((X) => unprojected(X, V));
  await sweep('projectOut', [V, ...blocks], context, async ([v, ...panels]) => {
    for (const [i, panel] of panels.entries()) await kernels.addGram(v!, panel, pending[i]!.overlap);
    observe?.(v!);
  });
  for (let sweeps = 0; sweeps < 2 && pending.length > 0; sweeps++) {
    const targets = pending.map(({ X }) => X);
    const after = targets.map((X) => unprojected(X, V));
    const visit = async ([v, ...panels]: Block[], left: Block[]): Promise<void> => {
      for (const [i, panel] of panels.entries()) {
        await subtractPanels(panel, v!, pending[i]!.overlap, left[i]!, kernels);
        addSquares(left[i]!, after[i]!.squares);
        await kernels.addGram(v!, left[i]!, after[i]!.overlap);
      }
    };
    await sweep('projectOut', [V, ...targets], context, visit, targets);
    pending = after.filter((each) => !once.includes(each.X) && !isClean(each));
  }
}
