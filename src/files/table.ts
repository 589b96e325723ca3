/** Tables of numbers in text, as spreadsheets, pandas and `numpy.savetxt` write them: what their lines say, wherever they come from. */

import type { Matrix } from '../core/block.ts';
import { ArgumentError, StoreError, UnsupportedError } from '../core/errors.ts';
import { formatMemory } from '../core/memory.ts';

/** Fields between commas, else semicolons, else tabs or spaces. */
function fieldsOf(line: string): string[] {
  const separator = [',', ';'].find((each) => line.includes(each)) ?? /\s+/;
  return line
    .trim()
    .split(separator)
    .map((field) => field.trim());
}

const isNumber = (field: string): boolean => field !== '' && Number.isFinite(Number(field));

/** Numbers that grow. */
class Numbers {
  #data: Float64Array = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#data.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.length++] = value;
  }

  get data(): Float64Array {
    return this.#data.slice(0, this.length);
  }
}

/**
 * The numbers of a table from its lines, in groups. A first line without any number is a heading; empty lines and those that
 * begin with `#` do not count.
 * @param path what messages call the table
 * @throws StoreError naming line and field of what is no finite number, and lines of different lengths; UnsupportedError for
 *   a table that needs more than `memory` bytes.
 */
export async function readTable(
  path: string,
  groups: AsyncIterable<readonly string[]> | Iterable<readonly string[]>,
  memory: number,
): Promise<Matrix> {
  const numbers = new Numbers();
  let [number, rows, cols] = [0, 0, 0];
  for await (const lines of groups) {
    for (const line of lines) {
      number++;
      if (line.trim() === '' || line.startsWith('#')) continue;
      const fields = fieldsOf(line);
      if (rows === 0 && cols === 0) {
        cols = fields.length;
        if (!fields.some(isNumber)) continue;
      }
      if (fields.length !== cols) {
        throw new StoreError(`${path}: line ${number} has ${fields.length} fields, those before it ${cols}`, {
          path,
          line: number,
        });
      }
      for (const [at, field] of fields.entries()) {
        if (!isNumber(field)) {
          throw new StoreError(`${path}: line ${number}, field ${at + 1}: expected a finite number, got '${field}'`, {
            path,
            line: number,
            field: at + 1,
          });
        }
        numbers.push(Number(field));
      }
      rows++;
    }
    if (8 * numbers.length > memory) {
      throw new UnsupportedError(
        `${path}: needs more than ${formatMemory(memory)} (option memory); a .npy file is read in row panels`,
        { path, memory },
      );
    }
  }
  if (rows === 0) throw new ArgumentError(`${path}: has no numbers`, { path });
  return { rows, cols, data: numbers.data };
}
