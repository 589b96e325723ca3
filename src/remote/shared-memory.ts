/**
 * Memory that two processes of one Linux machine both see: a memfd, which has no name in any directory and is gone with the last
 * process that uses it, however that ends. It is mapped through the optional package koffi.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { type ForeignFunction, importFfi } from '../linalg/kernels/native/ffi.ts';

/** How another process finds memory of ours. */
export interface SharedName {
  /** Of this process's descriptor, while that is open. */
  path: string;
  /** Unlike that of any other memory on any machine: by it the other process knows that `path` is this memory. */
  name: string;
  bytes: number;
}

const unmapper = new FinalizationRegistry<() => void>((unmap) => unmap());

const CLOSE_ON_EXEC = 1;
const READ_AND_WRITE = 3;
const SHARED = 1;
const FAILED = 2n ** 64n - 1n;

interface System {
  create: ForeignFunction;
  /** Memory that stays mapped for as long as anybody holds its buffer. */
  map(fd: number, bytes: number): Uint8Array<ArrayBuffer>;
}

async function loadSystem(): Promise<System | undefined> {
  try {
    const { load, view } = await importFfi();
    const libc = load(null);
    const mmap = libc.func('mmap', 'void *', ['void *', 'size_t', 'int', 'int', 'int', 'int64']);
    const munmap = libc.func('munmap', 'int', ['void *', 'size_t']);
    const map = (fd: number, bytes: number): Uint8Array<ArrayBuffer> => {
      const address = mmap(null, bytes, READ_AND_WRITE, SHARED, fd, 0) as bigint;
      if (address === FAILED) throw new Error(`${bytes} bytes of shared memory cannot be mapped`);
      const buffer = view(address, bytes);
      unmapper.register(buffer, () => munmap(address, bytes));
      return new Uint8Array(buffer);
    };
    return { create: libc.func('memfd_create', 'int', ['str', 'uint']), map };
  } catch {
    // no koffi, or another system than Linux
    return undefined;
  }
}

let loading: Promise<System | undefined> | undefined;
const system = (): Promise<System | undefined> => {
  loading ??= loadSystem();
  return loading;
};

/** Whether this process can map memory that it shares. */
export const canShare = async (): Promise<boolean> => (await system()) !== undefined;

/** New memory, and where another process finds it until `close` is called. @throws where the system gives none. */
export async function createShared(
  size: number,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; where: SharedName; close(): void }> {
  const { create, map } = (await system())!;
  const name = `eigensketch-${randomUUID()}`;
  const fd = create(name, CLOSE_ON_EXEC) as number;
  if (fd < 0) throw new Error('the system gives no shared memory');
  try {
    ftruncateSync(fd, size);
    const where = { path: `/proc/${process.pid}/fd/${fd}`, name, bytes: size };
    return { bytes: map(fd, size), where, close: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Memory of another process. @throws where this is another machine, or it may not be opened here. */
export async function openShared({ path, name, bytes }: SharedName): Promise<Uint8Array<ArrayBuffer>> {
  const { map } = (await system())!;
  // on another machine anything may be at this path
  if (readlinkSync(path) !== `/memfd:${name} (deleted)`) throw new Error(`${path} is not ${name}`);
  const fd = openSync(path, constants.O_RDWR);
  try {
    // what is mapped beyond the end of a file ends the process when it is touched
    if (fstatSync(fd).size !== bytes) throw new Error(`${name} has another size than ${bytes} bytes`);
    return map(fd, bytes);
  } finally {
    closeSync(fd);
  }
}
