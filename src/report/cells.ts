/** The entries of a matrix as coloured cells. */
import type { Mark } from 'vega';

/** Pixels by which a cell lies under its neighbours: readers draw a line where two only meet. */
const SEAM = 0.5;

/**
 * Cells of a data set with fields `i` (row), `j` (column) and `value`, in the colours of the scale 'color'.
 * @param size of a cell, in pixels
 * @param centred whether the frame goes through the centres of the outermost cells
 */
export function cells(data: string, size: { width: number; height: number }, centred = false): Mark {
  const place = (index: string, pixels: number) => ({
    signal: `(datum.${index} - ${centred ? 0.5 : 0}) * ${pixels}`,
  });
  return {
    type: 'rect',
    from: { data },
    encode: {
      enter: {
        x: place('j', size.width),
        y: place('i', size.height),
        width: { value: size.width + SEAM },
        height: { value: size.height + SEAM },
        fill: { scale: 'color', field: 'value' },
      },
    },
  };
}
