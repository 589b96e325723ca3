/** The compiled module: what it exports, how memory is made for it, how a thread gets its instance. */
import { bytesOfText } from '../../../core/bytes-of-text.ts';
import { UnsupportedError } from '../../../core/errors.ts';
import { MODULE } from './embedded.ts';

/** Byte address in the shared memory. */
export type Address = number;

/** Operands begin at multiples of this many bytes: a cache line. */
export const ALIGNMENT = 64;

/** Bytes up to where the next operand may begin. */
export const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

type ProductKernel = (
  a: Address,
  aOuter: number,
  aDepth: number,
  b: Address,
  bOuter: number,
  bDepth: number,
  c: Address,
  rowBytes: number,
  m: number,
  n: number,
  depth: number,
  alpha: number,
  accumulate: boolean,
  upper: boolean,
  packedB: Address,
) => void;

type CsrKernel = (
  indptr: Address,
  indices: Address,
  data: Address,
  bounds: Address,
  parts: number,
  x: Address,
  y: Address,
  rowBytes: number,
) => void;

type RandomKernel = (
  distribution: number,
  states: Address,
  strides: Address,
  chunk: number,
  out: Address,
  rows: number,
  cols: number,
) => void;

/** Exports of `assembly/index.ts`, described there. */
export interface Exports {
  joinTeam(sync: Address, scratch: Address, rank: number, size: number): void;
  barrier(): void;
  scratchBytes(): number;
  productF32: ProductKernel;
  productF64: ProductKernel;
  csrF32: CsrKernel;
  csrF64: CsrKernel;
  randomF32: RandomKernel;
  randomF64: RandomKernel;
  sketchRows(
    y: Address,
    rows: number,
    k: number,
    firstRow: number,
    sum: Address,
    strata: number,
    stratum: number,
    width: number,
    isFirst: boolean,
  ): void;
  mirrorUpper(c: Address, n: number): void;
  averageUpper(a: Address, n: number): number;
  scaleAll(a: Address, n: number, factor: number): void;
  transposeRows(from: Address, n: number, order: Address, into: Address): void;
  rotate(x: Address, y: Address, c: number, s: number, length: number): void;
  manyDots(rows: Address, rowBytes: number, count: number, x: Address, length: number, into: Address): void;
  subtractScaled(y: Address, factors: Address, rows: Address, rowBytes: number, count: number, length: number): void;
  panelReflector(
    a: Address,
    n: number,
    panel: Address,
    width: number,
    first: number,
    j: number,
    d: Address,
    e: Address,
    tau: Address,
  ): void;
  panelProducts(
    a: Address,
    n: number,
    panel: Address,
    width: number,
    first: number,
    j: number,
    into: Address,
    dots: Address,
  ): void;
  panelFinish(
    n: number,
    panel: Address,
    width: number,
    first: number,
    j: number,
    product: Address,
    dots: Address,
    tau: Address,
  ): void;
  rankOneVectors(
    count: number,
    d: Address,
    z: Address,
    rho: number,
    grouped: Address,
    groupedZ: Address,
    place: Address,
    origins: Address,
    taus: Address,
    weights: Address,
    s: Address,
  ): void;
}

/** The memory that all threads share; `buffer` must be read anew after it has grown. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

/** A compiled module: opaque, cloned to workers by reference. */
export type CompiledModule = object;

/** The part of the WebAssembly interface that is used here; the project's library settings do not declare it. */
interface WebAssemblyHost {
  compile(bytes: Uint8Array): Promise<CompiledModule>;
  Instance: new (module: CompiledModule, imports: { env: { memory: SharedMemory } }) => { exports: unknown };
  Memory: new (descriptor: { initial: number; maximum: number; shared: true }) => SharedMemory;
}

const host = (): WebAssemblyHost => (globalThis as unknown as { WebAssembly: WebAssemblyHost }).WebAssembly;

const PAGE_BYTES = 65536;

/** Pages of the largest memory a 32-bit address reaches: 4 GB, reserved but not used. A phone may refuse to reserve as much. */
const MAX_PAGES = [65536, 32768, 16384];

/**
 * Compiles the module.
 * @throws UnsupportedError where the engine has no WebAssembly SIMD or threads, or a page's policy forbids WebAssembly.
 */
export async function compileModule(): Promise<CompiledModule> {
  try {
    return await host().compile(await bytesOfText(MODULE));
  } catch (cause) {
    throw new UnsupportedError(`wasm kernels: ${(cause as Error).message}`, {}, { cause });
  }
}

/** @throws UnsupportedError where shared memory is switched off or address space is limited. */
export function createMemory(bytes: number): SharedMemory {
  let cause: unknown;
  for (const maximum of MAX_PAGES) {
    try {
      return new (host().Memory)({ initial: Math.ceil(bytes / PAGE_BYTES), maximum, shared: true });
    } catch (error) {
      cause ??= error;
    }
  }
  throw new UnsupportedError(`wasm kernels: no shared memory: ${(cause as Error).message}`, { bytes }, { cause });
}

/** Makes the memory at least `bytes` long. @throws UnsupportedError beyond 4 GB or what the machine has. */
export function growMemory(memory: SharedMemory, bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing <= 0) return;
  try {
    memory.grow(missing);
  } catch (cause) {
    const message = `wasm kernels: a call needs ${(bytes / 2 ** 20).toFixed(0)} MB of WebAssembly memory`;
    throw new UnsupportedError(`${message}, more than this engine gives`, { bytes }, { cause });
  }
}

export function instantiate(module: CompiledModule, memory: SharedMemory): Exports {
  return new (host().Instance)(module, { env: { memory } }).exports as Exports;
}
