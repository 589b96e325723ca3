/**
 * The members of a .npz file (a zip archive): found through its directory, so that one member of a large archive is read
 * alone and, where it is stored as it is, in parts; every unpacked member is checked against its checksum.
 */
import { crc32, inflateRawSync } from 'node:zlib';
import { StoreError, UnsupportedError } from '../core/errors.ts';
import { type ByteSource, inMemory, part } from './bytes.ts';

/** A member as the directory has it. */
export interface Member {
  name: string;
  /** 0: stored as it is, 8: deflated. */
  method: number;
  checksum: number;
  packed: number;
  size: number;
  /** Where its own header starts. */
  at: number;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const LARGE = 0xffffffff;

/** Deflate makes nothing smaller than a 1032nd part. */
const MOST_RATIO = 1032;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Where the directory is, and how many members it has. */
async function findDirectory(source: ByteSource): Promise<{ at: number; bytes: number; count: number }> {
  const { path, size } = source;
  const tail = viewOf(await source.read(Math.max(0, size - 65_557), Math.min(size, 65_557)));
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0)
    throw new StoreError(`${path}: not a .npz file, or truncated: it has no zip directory at its end`, { path });
  const found = {
    count: tail.getUint16(end + 10, true),
    bytes: tail.getUint32(end + 12, true),
    at: tail.getUint32(end + 16, true),
  };
  if (end < 20 || tail.getUint32(end - 20, true) !== LOCATOR_64) return found;
  const large = viewOf(await source.read(Number(tail.getBigUint64(end - 12, true)), 56));
  if (large.getUint32(0, true) !== END_64)
    throw new StoreError(`${path}: damaged: its zip64 directory is not there`, { path });
  return {
    count: Number(large.getBigUint64(32, true)),
    bytes: Number(large.getBigUint64(40, true)),
    at: Number(large.getBigUint64(48, true)),
  };
}

/** The sizes and place of a member that are too large for their 32 bits, from its extra field 1. */
function readLarge(view: DataView, from: number, length: number, member: Member): Member {
  for (let at = from; at + 4 <= from + length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    const take = (value: number): number => {
      if (value !== LARGE) return value;
      next += 8;
      return Number(view.getBigUint64(next - 8, true));
    };
    return { ...member, size: take(member.size), packed: take(member.packed), at: take(member.at) };
  }
  return member;
}

/** All members. @throws StoreError for a damaged directory. */
export async function listMembers(source: ByteSource): Promise<Member[]> {
  const { path } = source;
  const { at: start, bytes, count } = await findDirectory(source);
  const directory = await source.read(start, bytes);
  const view = viewOf(directory);
  const members: Member[] = [];
  for (let at = 0; members.length < count; ) {
    if (at + 46 > bytes || view.getUint32(at, true) !== ENTRY) {
      throw new StoreError(`${path}: damaged: its zip directory ends after ${members.length} of ${count} members`, {
        path,
      });
    }
    const [nameLength, extraLength] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true)];
    const member: Member = {
      name: new TextDecoder().decode(directory.subarray(at + 46, at + 46 + nameLength)).replace(/\.npy$/, ''),
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      at: view.getUint32(at + 42, true),
    };
    const end = at + 46 + nameLength + extraLength;
    if (end > bytes) throw new StoreError(`${path}: damaged: a member of its zip directory is cut off`, { path });
    members.push(readLarge(view, at + 46 + nameLength, extraLength, member));
    at = end + view.getUint16(at + 32, true);
  }
  return members;
}

/** The bytes of a member. `unchecked` leaves one that is stored as it is in the file, for reading it in parts. */
export async function openMember(source: ByteSource, member: Member, unchecked = false): Promise<ByteSource> {
  const path = `${source.path}:${member.name}`;
  const { method, packed, size, checksum } = member;
  if (method !== 0 && method !== 8)
    throw new UnsupportedError(`${path}: zip method ${method}; 0 and 8 are read`, { path });
  const local = viewOf(await source.read(member.at, 30));
  if (local.getUint32(0, true) !== LOCAL)
    throw new StoreError(`${path}: damaged: its zip header is not there`, { path });
  const start = member.at + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  const wrong = method === 0 ? size !== packed : size > packed * MOST_RATIO + 64;
  if (wrong) throw new StoreError(`${path}: damaged: ${packed} packed bytes cannot be ${size}`, { path, packed, size });
  if (method === 0 && unchecked) return part(source, path, start, size);
  const stored = await source.read(start, packed);
  const bytes = method === 0 ? stored : inflate(path, stored, size);
  if (bytes.length !== size || crc32(bytes) !== checksum) {
    throw new StoreError(`${path}: damaged: its bytes fail their checksum`, { path });
  }
  return inMemory(path, bytes);
}

function inflate(path: string, packed: Uint8Array, size: number): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch (cause) {
    throw new StoreError(`${path}: damaged: it cannot be unpacked: ${(cause as Error).message}`, { path }, { cause });
  }
}

/** The member of a name, or the only one. @throws StoreError naming those that are there. */
export function chooseMember(path: string, members: readonly Member[], name?: string): Member {
  const found =
    name === undefined ? (members.length === 1 ? members[0] : undefined) : members.find((each) => each.name === name);
  if (found) return found;
  const names = members.map((each) => each.name).join(', ') || 'none';
  const what =
    name === undefined ? `has ${members.length} arrays; say which as ${path}:NAME` : `has no array '${name}'`;
  throw new StoreError(`${path}: ${what}; there are ${names}`, { path, names });
}
