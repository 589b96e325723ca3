/** The foreign function interface: the npm package koffi, which is optional and therefore known here by shape only. */

/** What a foreign routine is given: memory in place, or a number, an address or a text passed by value. */
export type ForeignArgument = ArrayBufferView | number | bigint | string | null;

/** A C function. Views are passed as pointers to their first entry, without a copy. */
export interface ForeignFunction {
  (...args: ForeignArgument[]): unknown;
  /** Runs on a thread of libuv's pool; the last argument is called back on this thread when it is done. */
  async(...args: [...ForeignArgument[], (error: Error | null) => void]): void;
}

/** A loaded shared library. `func` throws for a symbol the library lacks. */
export interface ForeignLibrary {
  func(name: string, result: string, args: string[]): ForeignFunction;
}

interface Koffi {
  load(path: string | null): ForeignLibrary;
  errno(): number;
  view(address: bigint, bytes: number): ArrayBuffer;
  config(settings?: Record<string, number>): Record<string, number>;
}

/** koffi, ready to load libraries. */
export interface Ffi {
  /** A library, or what this program itself is linked with. */
  load(path: string | null): ForeignLibrary;
  /** The system's number of the last error on this thread. */
  errno(): number;
  /** Memory of the system as it is, for as long as it is mapped. @throws where the runtime forbids it. */
  view(address: bigint, bytes: number): ArrayBuffer;
  /** Whether routines may run off this thread: koffi's stacks there are large enough for a BLAS. */
  offThread: boolean;
}

/**
 * koffi runs foreign code on stacks of its own, 128 KiB for calls off this thread. Builds of OpenBLAS for many
 * processors keep job tables of half a megabyte and more on the stack, so they get what a program's main thread has.
 */
const STACK_BYTES = 8 * 2 ** 20;
const SMALLEST_STACK_BYTES = 4 * 2 ** 20;

function ensureStacks(koffi: Koffi): boolean {
  const { sync_stack_size = 0, async_stack_size = 0 } = koffi.config();
  if (Math.min(sync_stack_size, async_stack_size) >= SMALLEST_STACK_BYTES) return true;
  try {
    koffi.config({ ...koffi.config(), sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES });
    return true;
  } catch {
    // Stacks are fixed once any part of the program has loaded a library; koffi's stack on this thread is large enough.
    return false;
  }
}

/** koffi with stacks for a BLAS. @throws when koffi is not installed or has no binary for this platform. */
export async function importFfi(): Promise<Ffi> {
  // Through a variable: neither the type checker nor a bundler may insist on an optional package.
  const name: string = 'koffi';
  const module = (await import(name)) as { default: Koffi };
  const koffi = module.default;
  return {
    load: (path) => koffi.load(path),
    errno: () => koffi.errno(),
    view: (address, bytes) => koffi.view(address, bytes),
    offThread: ensureStacks(koffi),
  };
}
