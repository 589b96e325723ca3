/** Kernels whose outputs do not change to first order, wherever they are differentiable. */

const LOCALLY_CONSTANT: ReadonlySet<string> = new Set([
  'All',
  'Any',
  'ArgMax',
  'ArgMin',
  'Ceil',
  'Equal',
  'Fill',
  'Floor',
  'FloorDiv',
  'Greater',
  'GreaterEqual',
  'IsFinite',
  'IsInf',
  'IsNan',
  'Less',
  'LessEqual',
  'LogicalAnd',
  'LogicalNot',
  'LogicalOr',
  'LogicalXor',
  'NotEqual',
  'OneHot',
  'OnesLike',
  'Range',
  'Round',
  'Sign',
  'Step',
  'ZerosLike',
]);

/** Whether every derivative of the kernel's outputs is zero: its outputs count as constants. */
export function isLocallyConstant(kernel: string): boolean {
  return LOCALLY_CONSTANT.has(kernel);
}
