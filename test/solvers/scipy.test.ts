/** The same systems in SciPy: iterates of the same methods agree. */
import { spawnSync } from 'node:child_process';
import { cg, denseOperator, diagonalOperator, minres } from '../../src/index.ts';
import { expect } from '../support/jest.ts';
import { difference } from '../support/linear-systems.ts';
import { needing, PYTHON } from '../support/programs.ts';

const SCRIPT = `
import json
import numpy as np
from scipy.sparse.linalg import cg, minres
n = 40
i = np.arange(n)
A = 1 / (i[:, None] + i[None, :] + 1) + np.diag(0.1 + 0.01 * i)
B = A - 0.4 * np.eye(n)
b = np.cos(i)
M = np.diag(1 / np.diag(A))
print(json.dumps({
    "A": A.tolist(), "B": B.tolist(), "b": b.tolist(),
    "cg": [cg(A, b, maxiter=k, **{t: 0.0})[0].tolist() for k in (1, 4, 9)],
    "preconditioned": [cg(A, b, M=M, maxiter=k, **{t: 0.0})[0].tolist() for k in (1, 4, 9)],
    "minres": [minres(B, b, maxiter=k, **{t: 0.0})[0].tolist() for k in (2, 4, 6)],
}))
`;

interface Answers {
  A: number[][];
  B: number[][];
  b: number[];
  cg: number[][];
  preconditioned: number[][];
  minres: number[][];
}

// the tolerance is called rtol since SciPy 1.12, tol before
const run = ([python, name]: [string, string]) =>
  spawnSync(python, ['-c', SCRIPT.replaceAll('**{t: 0.0}', `${name}=0.0`)], { encoding: 'utf8' });
const ways = ['python3', PYTHON].flatMap((python): [string, string][] => [
  [python, 'rtol'],
  [python, 'tol'],
]);
const output = ways.map(run).find(({ status }) => status === 0);
const compare = needing(output !== undefined, 'python3-scipy');

compare('cg and minres agree with SciPy step by step', async () => {
  const answers = JSON.parse(output!.stdout) as Answers;
  const [A, B] = [denseOperator(answers.A), denseOperator(answers.B)];
  const preconditioner = diagonalOperator(answers.A.map((row, i) => 1 / row[i]!));
  for (const [at, maxIterations] of [1, 4, 9].entries()) {
    const plain = await cg(A, answers.b, { tol: 0, maxIterations });
    expect(difference(plain.solution, answers.cg[at]!)).toBeLessThan(1e-10);
    const scaled = await cg(A, answers.b, { tol: 0, maxIterations, preconditioner });
    expect(difference(scaled.solution, answers.preconditioned[at]!)).toBeLessThan(1e-10);
  }
  // rounding grows along the Lanczos process: 4e-9 at the ninth step
  for (const [at, maxIterations] of [2, 4, 6].entries()) {
    const { solution } = await minres(B, answers.b, { tol: 0, maxIterations });
    expect(difference(solution, answers.minres[at]!)).toBeLessThan(1e-9);
  }
});
