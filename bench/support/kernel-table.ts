/** The table of kernels in words: what eigensketch does with each that TensorFlow.js knows. */
import { getGradient } from '@tensorflow/tfjs-core';
import { LOCALLY_CONSTANT } from '../../src/tfjs/autodiff/rules/constant.ts';
import { RULES } from '../../src/tfjs/autodiff/rules/index.ts';
import { UNSUPPORTED } from '../../src/tfjs/autodiff/rules/unsupported.ts';
import { repairsOf } from '../../src/tfjs/repairs/kernels.ts';
import type { Repairs } from '../../src/tfjs/repairs/repair.ts';

/** What is done with a kernel. */
export interface KernelDescription {
  readonly kernel: string;
  /** 'rule', 'constant' (all derivatives are zero), 'none' (with the reason) or 'missing' (nothing is said of it). */
  readonly treatment: 'rule' | 'constant' | 'none' | 'missing';
  /** Why there is no rule. */
  readonly reason?: string;
}

/** What is done with the kernel of this name. */
export function describeKernel(kernel: string): KernelDescription {
  if (RULES.has(kernel)) return { kernel, treatment: 'rule' };
  if (LOCALLY_CONSTANT.has(kernel)) return { kernel, treatment: 'constant' };
  const reason = UNSUPPORTED[kernel];
  return reason === undefined ? { kernel, treatment: 'missing' } : { kernel, treatment: 'none', reason };
}

/** A cell: does the backend have the kernel, of its own or by a repair? */
function availability(kernel: string, repairs: Repairs, own: ReadonlySet<string>): string {
  const repair = repairs[kernel];
  if (repair?.wrong !== undefined) return 'replaced';
  if (repair) return 'added';
  return own.has(kernel) ? 'yes' : '–';
}

const TREATMENTS = { rule: 'tangent rule', constant: 'zero derivative', none: 'none', missing: 'missing' };

/** A Markdown table of cells, the first row its header, with columns of even width. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return rows.flatMap((row, i) => (i === 0 ? [line(row), rule] : [line(row)]));
}

/** The page docs/kernels.md, from the kernels that each backend has by itself. */
export async function kernelTable(
  names: readonly string[],
  own: Readonly<Record<string, ReadonlySet<string>>>,
): Promise<string> {
  const backends = Object.keys(own);
  const repairs = await Promise.all(backends.map(repairsOf));
  const rows = names.toSorted().map((kernel) => {
    const { treatment, reason = '' } = describeKernel(kernel);
    const cells = backends.map((backend, at) => availability(kernel, repairs[at]!, own[backend]!));
    const gradient = getGradient(kernel) == null ? '–' : 'yes';
    return [`\`${kernel}\``, TREATMENTS[treatment], gradient, ...cells, reason];
  });
  const replaced = backends.flatMap((backend, at) =>
    Object.entries(repairs[at]!).flatMap(([kernel, { wrong }]) =>
      wrong === undefined ? [] : [`- \`${kernel}\` of ${backend}: ${wrong}.`],
    ),
  );
  return [
    '# Kernels',
    '',
    'What eigensketch does with every kernel of TensorFlow.js. Made by `npm run docs:kernels` from the tables in',
    '`src/tfjs/autodiff/rules/` and `src/tfjs/repairs/`; do not edit.',
    '',
    '- **tangent rule**: blocks of tangents are carried through it exactly.',
    '- **zero derivative**: comparisons, steps, indices and counts; what comes out counts as constant.',
    '- **none**: a Hessian through it is an error that names it, for the reason given.',
    '- a backend has the kernel itself (**yes**), `useBackend` or the first product **added** it, made of other kernels, or',
    '  **replaced** it because it is wrong (or very slow) in TensorFlow.js 4.22.',
    '',
    'While eigensketch records, takes gradients and multiplies, and then only, these kernels of wasm are faster ones of the same values up',
    'to rounding: `Add`, `BatchMatMul`, `Cast`, `Conv2D`, `Conv3D`, `FusedConv2D`, `Identity`, `Mean`, `Multiply`, `Sum`,',
    "`Transpose`. Those that are products need the machine's BLAS.",
    '',
    'At ties and kinks a rule takes the side that the gradient of TensorFlow.js takes: all places that attain an extremum',
    'of `Max` and `Min` count, of `Maximum` and `Minimum` the first input, of a pooling window the first place (in the 3-D',
    'kernels for the CPU the last); the derivative of `Relu` at 0 is 0 and of `Abs` at 0 is -1. `Prod` needs no division.',
    '',
    '## Replaced',
    '',
    ...replaced,
    '',
    'The gradients of `ResizeBilinear` and `ResizeNearestNeighbor` (wrong for half-pixel centres), of padded `AvgPool` and',
    '`AvgPool3D` (divided by the wrong count at the border), of `MirrorPad` (cropped what was mirrored), of `Cumsum` along',
    'other axes than the last, of `GatherV2` for each sample of a batch, of `Pow` at 0, of `FloorDiv` and of broadcast',
    '`BatchMatMul`, `Maximum`, `Minimum` and `SquaredDifference` are corrected; those of dilated `Conv2D` and',
    '`DepthwiseConv2dNative`, of `FusedBatchNorm` without scale, of `Einsum`, `StridedSlice`, `GatherNd`, `ScatterNd`,',
    '`DepthToSpace`, `TopK`, `Cumprod` and of the kernels that gradients call (TensorFlow.js has none) are added.',
    '',
    'Losses and models may take gradients themselves (`tf.grad`, `tf.grads`, `tf.variableGrads`), to any depth. In',
    'TensorFlow.js an outer gradient takes the outputs that an inner one uses (those of `Tanh`, `Sigmoid`, `Exp`, `Elu`,',
    '`Softmax`, `Max` and others, and what custom gradients save) for constants; eigensketch keeps them in order.',
    '',
    '## All kernels',
    '',
    ...aligned([['kernel', 'derivative', 'gradient', ...backends, 'reason'], ...rows]),
    '',
  ].join('\n');
}
