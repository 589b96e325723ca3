/** What directories of all kinds share: names of files, and the file that says what a directory is. */
import { access, type FileHandle, mkdir, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Block } from '../core/block.ts';
import { ArgumentError, StoreError } from '../core/errors.ts';
import { formatMemory } from '../core/memory.ts';
import { STREAM_VERSION } from '../core/random.ts';
import { writeBlockFile } from '../hdf5/block-writer.ts';
import { budgetWithin, type Tall } from '../hdf5/budget.ts';
import { openFile, storeError } from '../hdf5/io.ts';
import type { Attributes } from '../hdf5/messages.ts';
import { type RecordLink, readRecordFile, writeRecordFile } from '../hdf5/record-file.ts';
import { isTemporary } from '../hdf5/temporary.ts';

const PROBE = 'probe.h5';

/** A kind of directory. */
export interface DirectoryKind {
  /** The file that describes it. */
  description: string;
  /** Attribute `format` of that file. */
  format: string;
  /** Version of the layout: attribute `format_version`. */
  version: number;
  /** What messages call it. */
  noun: string;
}

export const SKETCH: DirectoryKind = {
  description: 'sketch.h5',
  format: 'eigensketch sketch',
  version: 1,
  noun: 'a sketch of seigh',
};

export const SEARCH: DirectoryKind = {
  description: 'eigsh.h5',
  format: 'eigensketch eigsh',
  version: 1,
  noun: 'a search of eigsh',
};

export const ACCURACY: DirectoryKind = {
  description: 'accuracy.h5',
  format: 'eigensketch accuracy',
  version: 1,
  noun: 'a search of seigh for an accuracy',
};

const KINDS = [SKETCH, SEARCH, ACCURACY];

/** Bytes of tall data in memory where nothing is said. */
export const USUAL_MEMORY: number = 2 ** 30;

export const probePath = (directory: { path: string }): string => join(directory.path, PROBE);

/** '000012.h5': the file of one block in its folder. */
export const blockName = (block: number): string => `${String(block).padStart(6, '0')}.h5`;

export const fileExists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Files of ours in JSON are smaller: the certificate of 20,000 pairs takes 7 MB. */
const MOST_JSON_BYTES = 2 ** 24;

/** And none is as deep as that, which would take far more memory than its text. */
const MOST_JSON_DEPTH = 32;

const [OPEN_LIST, CLOSE_LIST, OPEN_RECORD, CLOSE_RECORD] = ['[', ']', '{', '}'].map((text) => text.charCodeAt(0));

/** Whether lists and records of a JSON text lie in each other too often; brackets in strings count, ours have few. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length && depth <= MOST_JSON_DEPTH; at++) {
    const code = text.charCodeAt(at);
    if (code === OPEN_LIST || code === OPEN_RECORD) depth++;
    else if (code === CLOSE_LIST || code === CLOSE_RECORD) depth--;
  }
  return depth > MOST_JSON_DEPTH;
}

/** What a text file holds; undefined where there is none. @throws StoreError when it cannot be read or is too long. */
export async function readTextFile(file: string, mostBytes: number): Promise<string | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await openFile(file);
    const { size } = await handle.stat();
    if (size > mostBytes) throw new StoreError(`${file}: ${size} bytes are none of ours`, { file, size });
    return await handle.readFile('utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storeError(file, 'read', cause);
  } finally {
    await handle?.close();
  }
}

/** What a JSON file holds; undefined where there is none. @throws StoreError when it cannot be read or is no JSON. */
export async function readJsonFile(file: string): Promise<unknown> {
  const text = await readTextFile(file, MOST_JSON_BYTES);
  if (text === undefined) return undefined;
  if (isDeep(text)) throw new StoreError(`${file}: damaged: its lists lie in each other`, { file });
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new StoreError(`${file}: damaged: it is not JSON`, { file }, { cause });
  }
}

/** Names in a folder; undefined where there is none. @throws StoreError when it cannot be read. */
export async function entries(path: string): Promise<string[] | undefined> {
  try {
    return await readdir(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storeError(path, 'read', cause);
  }
}

/** Version of the library. */
export function libraryVersion(): string {
  return (createRequire(import.meta.url)('eigensketch/package.json') as { version: string }).version;
}

/** Whether a folder is a directory of a kind, whatever else is in it. */
export const holds = (kind: DirectoryKind, path: string): Promise<boolean> => fileExists(join(path, kind.description));

/** Whether there is a directory of a kind. @throws StoreError for a folder with anything else in it. */
export async function isDirectoryOf(kind: DirectoryKind, path: string): Promise<boolean> {
  const found = (await entries(path)) ?? [];
  if (found.includes(kind.description)) return true;
  refuseOtherKind(kind, path, found);
  const foreign = found.find((name) => name !== PROBE && !isTemporary(name));
  if (foreign === undefined) return false;
  throw new StoreError(`${path} is not empty and not ${kind.noun}: there is no ${kind.description}, but '${foreign}'`, {
    path,
  });
}

function refuseOtherKind(kind: DirectoryKind, path: string, found: readonly string[]): void {
  const other = KINDS.find((each) => each !== kind && found.includes(each.description));
  if (other) throw new StoreError(`${path} holds ${other.noun}, not ${kind.noun}`, { path });
}

/** Writes the probe and what a directory is; from then on the folder is one. Another process's, if it was first, is kept. */
export async function writeDescription(
  kind: DirectoryKind,
  path: string,
  probe: Block,
  attributes: Attributes,
  links: readonly RecordLink[],
): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw storeError(path, 'write', cause);
  });
  await writeBlockFile(probePath({ path }), probe, { purpose: 'probe', seed: 0 });
  const all = {
    format: kind.format,
    format_version: kind.version,
    stream_version: STREAM_VERSION,
    eigensketch: libraryVersion(),
    created: new Date().toISOString(),
    ...attributes,
  };
  const probeLink = { path: 'probe', file: PROBE, target: '/block' };
  await writeRecordFile(join(path, kind.description), { attributes: all, links: [probeLink, ...links] }, true);
}

/** What a directory says it is. @throws StoreError when it is none of the kind, of another version, or damaged. */
export async function readDescription(kind: DirectoryKind, path: string): Promise<Attributes> {
  const file = join(path, kind.description);
  const found = (await entries(path)) ?? [];
  if (!found.includes(kind.description)) {
    refuseOtherKind(kind, path, found);
    throw new StoreError(`${path} is not ${kind.noun}: there is no ${file}`, { path });
  }
  const { attributes } = await readRecordFile(file);
  const { format, format_version: version, stream_version: stream = 1 } = attributes;
  if (format !== kind.format) throw new StoreError(`${file} does not describe ${kind.noun}`, { file });
  if (version !== kind.version) {
    throw new StoreError(`${file} has format version ${version}, this version reads ${kind.version}`, {
      file,
      version,
    });
  }
  if (stream === STREAM_VERSION) return attributes;
  throw new StoreError(
    `${file} was made with version ${stream} of the random streams, this version has ${STREAM_VERSION}: its random columns are others. Begin again elsewhere, or go on with the version that made it`,
    { file, stream },
  );
}

/**
 * @param free choices that were not made, or that change no number but by rounding: whatever the directory has is meant
 * @throws StoreError that names every choice in which a directory differs from what is asked for now.
 */
export function refuseOtherPlan<T extends object>(
  file: string,
  stored: T,
  asked: T,
  free: readonly string[] = [],
): void {
  const names = Object.keys(asked) as (keyof T & string)[];
  const different = names.filter((name) => stored[name] !== asked[name] && !free.includes(name));
  if (different.length === 0) return;
  const list = different.map((name) => `${name} ${stored[name]} (asked for ${asked[name]})`).join(', ');
  throw new StoreError(`${file} belongs to another run, with ${list}`, { file, different });
}

/** @throws ArgumentError when `memory` is too small for a panel, or for products of `blockSize` columns. */
export function refuseSmallMemory(memory: number, tall: Tall, blockSize: number): void {
  const { blockColumns } = budgetWithin(memory, tall);
  if (blockSize <= blockColumns) return;
  throw new ArgumentError(
    `memory of ${formatMemory(memory)} has room for products of ${blockColumns} columns, got blockSize ${blockSize}`,
    { memory, blockSize },
  );
}
