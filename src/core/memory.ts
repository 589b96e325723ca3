/** Amounts of memory as people write them. */

/** Bytes, or a number with a unit: `'300MB'`, `'1.5 GiB'`. */
export type Memory = number | string;

const UNITS: Record<string, number> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** Bytes of an amount of memory; undefined for anything but a positive number of bytes or of units from B to TiB. */
export function bytesOf(memory: unknown): number | undefined {
  const [, digits = '', unit = 'B'] = /^\s*(\d+(?:\.\d+)?(?:e\d+)?)\s*([a-z]+)?\s*$/i.exec(String(memory)) ?? [];
  const bytes = digits === '' ? Number.NaN : Math.floor(Number(digits) * (UNITS[unit.toUpperCase()] ?? Number.NaN));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** Bytes in the unit that leaves at most three digits before the point, for messages. */
export function formatMemory(bytes: number): string {
  const [unit, size] = (['TB', 'GB', 'MB', 'KB'] as const)
    .map((name) => [name, UNITS[name]!] as const)
    .find(([, each]) => bytes >= each) ?? ['B', 1];
  return `${Math.ceil((bytes / size) * 10) / 10} ${unit}`;
}
