/** The commands by name: a line about each, and where it is. Only the one that is asked for is loaded. */
import type { Command } from './command.ts';

export interface ListedCommand {
  /** One line for the list of commands. */
  summary: string;
  load(): Promise<Command>;
}

export const COMMANDS: ReadonlyMap<string, ListedCommand> = new Map([
  [
    'seigh',
    {
      summary: 'eigenvalues of an operator; with --tol, as many as a certified accuracy needs',
      load: async () => (await import('./seigh.ts')).seighCommand,
    },
  ],
  [
    'eigsh',
    {
      summary: 'the leading eigenvalues of an operator, to a tolerance',
      load: async () => (await import('./eigsh.ts')).eigshCommand,
    },
  ],
  [
    'certify',
    {
      summary: 'a sketch with its certificate, or how far one operator is from another',
      load: async () => (await import('./certify.ts')).certifyCommand,
    },
  ],
  [
    'trace',
    {
      summary: 'the trace of an operator with its interval',
      load: async () => (await import('./trace.ts')).traceCommand,
    },
  ],
  [
    'norm',
    {
      summary: 'the Frobenius or spectral norm with its certified interval',
      load: async () => (await import('./norm.ts')).normCommand,
    },
  ],
  [
    'logdet',
    {
      summary: 'the logarithm of the determinant of a positive definite operator',
      load: async () => (await import('./logdet.ts')).logdetCommand,
    },
  ],
  [
    'density',
    {
      summary: 'the distribution of all eigenvalues: a histogram, a table or a figure',
      load: async () => (await import('./density.ts')).densityCommand,
    },
  ],
  [
    'svd',
    {
      summary: 'singular values and vectors, also of operators that are not square',
      load: async () => (await import('./svd.ts')).svdCommand,
    },
  ],
  [
    'solve',
    {
      summary: 'the solution of (A + s I) x = b for a symmetric operator',
      load: async () => (await import('./solve.ts')).solveCommand,
    },
  ],
  [
    'run',
    {
      summary: 'a sketch and its certificate in a directory; the same command continues a run that was stopped',
      load: async () => (await import('./run.ts')).runCommand,
    },
  ],
  [
    'measure',
    {
      summary: 'products of one shard of a sketch directory',
      load: async () => (await import('./measure.ts')).measureCommand,
    },
  ],
  [
    'recover',
    {
      summary: 'eigenpairs of a sketch directory from its measured blocks; no products',
      load: async () => (await import('./recover.ts')).recoverCommand,
    },
  ],
  [
    'status',
    {
      summary: 'blocks of a sketch directory that are done, missing and failed; time left; the queue; how far eigsh is',
      load: async () => (await import('./status.ts')).statusCommand,
    },
  ],
  [
    'verify',
    {
      summary: 'every file of a directory of run or eigsh: its checksum, its place, and whether its numbers follow',
      load: async () => (await import('./verify.ts')).verifyCommand,
    },
  ],
  [
    'launch',
    {
      summary: 'a sketch and its certificate by job arrays of Slurm, or by several processes here',
      load: async () => (await import('./launch.ts')).launchCommand,
    },
  ],
  [
    'report',
    {
      summary: 'figures and tables of an analysis or of a directory of run or eigsh',
      load: async () => (await import('./report.ts')).reportCommand,
    },
  ],
  [
    'plan',
    {
      summary: 'the largest sketch within a budget; the test products that a certainty needs',
      load: async () => (await import('./plan.ts')).planCommand,
    },
  ],
  [
    'serve',
    {
      summary: 'an operator for another process, over pipes',
      load: async () => (await import('./serve.ts')).serveCommand,
    },
  ],
]);
