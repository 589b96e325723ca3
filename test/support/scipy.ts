/** SciPy as the referee of files and sparse matrices: one Python program for each question. */
import { execFileSync } from 'node:child_process';
import { hasModule, needing, PYTHON } from './programs.ts';

/** A test that needs numpy and scipy: it must run where everything is said to be installed. */
export const withScipy: ReturnType<typeof needing> = needing(hasModule('scipy'), 'python3-scipy');

const PRELUDE = `
import json, sys
import numpy as np
import scipy.io, scipy.sparse, scipy.sparse.csgraph, scipy.sparse.linalg
`;

/** Runs Python and parses what it prints last as JSON; \`args\` is \`sys.argv[1:]\`. */
export function scipy<T>(program: string, ...args: string[]): T {
  const output = execFileSync(PYTHON, ['-c', PRELUDE + program, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  return JSON.parse(output.trim().split('\n').at(-1)!) as T;
}
