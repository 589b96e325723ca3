/** `eigensketch solve`: (A + s I) x = b for a symmetric operator. */
import { ArgumentError } from '../core/errors.ts';
import { choice, described, type Fields, integer, optional, text, withDefault } from '../core/parse.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { SOLVER_FIELDS, type SolverOptions } from '../solvers/linear-system.ts';
import { checkArrays, npyFile, readVector, writeArrays } from './arrays.ts';
import { type Command, defineCommand, needed, pick, refuseWords } from './command.ts';
import { ESTIMATING_FIELDS } from './estimating.ts';
import { EXIT } from './exit.ts';
import { MODEL_USAGE, operatorOf, sourceOf } from './operator-source.ts';
import { reporterOf } from './progress.ts';

const METHODS = ['minres', 'cg'] as const;
const { preconditioner: _, x0: _x0, ...FIELDS } = SOLVER_FIELDS;

/** Nystrom's preconditioner from a sketch of so many columns; for cg the operator counts as positive semidefinite. */
async function preconditionerOf(
  op: LinearOperator,
  dims: number,
  shift: number,
  { psd, signal }: { psd: boolean; signal: AbortSignal },
): Promise<{ preconditioner: LinearOperator; spent: number }> {
  const { seigh } = await import('../seigh.ts');
  const { nystromPreconditioner } = await import('../solvers/nystrom-preconditioner.ts');
  const sketch = await seigh(op, dims, { method: 'nystrom', psd, signal });
  return { preconditioner: nystromPreconditioner(sketch, { shift }), spent: sketch.numMatvecs };
}

export const solveCommand: Command = defineCommand({
  name: 'solve',
  usage: ['solve --operator FILE --rhs b.npy [options]', `solve ${MODEL_USAGE} --rhs b.npy [options]`],
  about: 'minres takes symmetric operators of any sign, cg positive definite ones.',
  fields: {
    ...ESTIMATING_FIELDS,
    rhs: needed(described(text, 'b: a vector in a .npy or .npz file')),
    method: described(withDefault(choice(METHODS), 'minres'), 'method'),
    ...(FIELDS as Fields),
    preconditioner: described(optional(integer(1)), 'columns of a Nystrom sketch of A to precondition with'),
    solution: described(npyFile, 'write x to this .npy file'),
  },
  examples: ['solve --operator A.mtx --rhs b.npy --shift 0.1 --tol 1e-10 --solution x.npy'],
  async run({ given, values, words }, { signal }) {
    refuseWords(words);
    const source = sourceOf(given);
    const {
      rhs,
      method,
      shift,
      preconditioner: dims,
    } = values as unknown as Record<'rhs', string> &
      Record<'method', (typeof METHODS)[number]> &
      Record<'shift', number> & { preconditioner: number | undefined };
    if (dims !== undefined && shift < 0) {
      throw new ArgumentError(`--preconditioner needs a --shift of at least 0, got ${shift}`, { shift });
    }
    await checkArrays(given, ['solution']);
    const b = await readVector(rhs);
    const { cg } = await import('../solvers/cg.ts');
    const { minres } = await import('../solvers/minres.ts');
    const op = await operatorOf(source);
    const made =
      dims === undefined ? undefined : await preconditionerOf(op, dims, shift, { psd: method === 'cg', signal });
    const options: SolverOptions = {
      ...(pick(given, FIELDS) as SolverOptions),
      ...(made && { preconditioner: made.preconditioner }),
      onProgress: reporterOf(given),
      signal,
    };
    const result = await (method === 'cg' ? cg : minres)(op, b, options);
    const { solution, history: _history, toJSON: _toJSON, ...facts } = result;
    await writeArrays(given, { solution });
    const numMatvecs = facts.numMatvecs + (made?.spent ?? 0);
    const { status, converged, iterations, residualNorm } = facts;
    if (given.json) {
      const inFile = given.solution !== undefined;
      const report = { ...facts, numMatvecs, ...(inFile ? {} : { solution: Array.from(solution) }) };
      console.log(JSON.stringify(report, null, 2));
    } else {
      const residual = residualNorm.toExponential(2);
      console.log(`${status} after ${iterations} iterations, ${numMatvecs} products; residual norm ${residual}`);
    }
    return converged ? EXIT.done : EXIT.notConverged;
  },
});
