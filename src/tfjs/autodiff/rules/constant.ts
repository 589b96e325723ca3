/** Kernels whose outputs do not change to first order, wherever they are differentiable. */

/** Comparisons, steps, indices and counts. */
export const LOCALLY_CONSTANT: ReadonlySet<string> = new Set([
  'All',
  'Any',
  'ArgMax',
  'ArgMin',
  'Bincount',
  'BitwiseAnd',
  'BroadcastArgs',
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
  'LinSpace',
  'LogicalAnd',
  'LogicalNot',
  'LogicalOr',
  'LogicalXor',
  'LowerBound',
  'Multinomial',
  'NonMaxSuppressionV3',
  'NonMaxSuppressionV4',
  'NonMaxSuppressionV5',
  'NotEqual',
  'OneHot',
  'OnesLike',
  'Range',
  'Round',
  'SearchSorted',
  'Sign',
  'Step',
  'UpperBound',
  'ZerosLike',
]);

/** Whether every derivative of the kernel's outputs is zero: its outputs count as constants. */
export function isLocallyConstant(kernel: string): boolean {
  return LOCALLY_CONSTANT.has(kernel);
}
