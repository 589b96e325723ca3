/** Blocks in memory of which passes see 64 rows at a time, the fewest that they take, as they do of tall ones. */
import type { DType } from '../../src/core/dtype.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import type { Space } from '../../src/multivector/multivector.ts';

export function spaceOfPanels(rows: number, dtype: DType): Space {
  return Object.assign(hostSpace(rows, dtype), { panelEntries: 1 });
}
