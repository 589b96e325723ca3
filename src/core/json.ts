/** Results as JSON: plain arrays for typed ones, and the record without the vectors of length n x r and the products. */

/** What results of the library are to `JSON.stringify`. */
export interface Plain {
  /** The record in plain numbers and arrays; without tall blocks and products. Called by `JSON.stringify`. */
  toJSON(): Record<string, unknown>;
}

function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (Array.isArray(value)) return value.map(plain);
  return value !== null && typeof value === 'object' ? plainRecord(value) : value;
}

const isTall = (value: unknown): boolean => typeof (value as { readRows?: unknown } | null)?.readRows === 'function';

function plainRecord(record: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record)
      .filter(([, value]) => typeof value !== 'function' && !isTall(value))
      .map(([name, value]) => [name, plain(value)]),
  );
}

/** The record with a `toJSON` that is a method of it, as its other fields are: copies of the record have it too. */
export function withJson<T extends object>(record: T): T & Plain {
  return {
    ...record,
    toJSON() {
      return plainRecord(this);
    },
  };
}
