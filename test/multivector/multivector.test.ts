import type { DType } from '../../src/core/dtype.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import type { Space } from '../../src/multivector/multivector.ts';
import { multivectorLaws } from '../laws/multivector.ts';
import { spaceOfPanels } from '../support/panels.ts';

/** Multivectors whose columns lie one after the other, wherever one is made. */
function spaceOfColumns(rows: number, dtype: DType): Space {
  const space = hostSpace(rows, dtype);
  const allocate = async (cols: number) => {
    const columns = await space.allocateColumns!(cols);
    columns.widen(cols);
    return columns;
  };
  return Object.assign(space, { allocate });
}

multivectorLaws('in memory', hostSpace);
multivectorLaws('in memory, in several panels', spaceOfPanels);
multivectorLaws('in memory, column by column', spaceOfColumns);
