/** The checksum of HDF5's own metadata: "lookup3" of Bob Jenkins (2006, public domain), its function hashlittle. */

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** The 32-bit hash of some bytes, as HDF5 ends its superblock and object headers with (format specification, section II). */
export function lookup3(bytes: Uint8Array): number {
  // whole triples of words, the last one padded with zeros, which add nothing
  const triples = Math.max(1, Math.ceil(bytes.length / 12));
  const padded = new Uint8Array(12 * triples);
  padded.set(bytes);
  const words = new DataView(padded.buffer);
  let a = (0xdeadbeef + bytes.length) | 0;
  let b = a;
  let c = a;
  for (let at = 0; at < 12 * triples; at += 12) {
    a = (a + words.getUint32(at, true)) | 0;
    b = (b + words.getUint32(at + 4, true)) | 0;
    c = (c + words.getUint32(at + 8, true)) | 0;
    if (at + 12 === 12 * triples) break;
    a = (a - c) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = (a - c) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  if (bytes.length > 0) {
    c = (c ^ b) - rotate(b, 14);
    a = (a ^ c) - rotate(c, 11);
    b = (b ^ a) - rotate(a, 25);
    c = (c ^ b) - rotate(b, 16);
    a = (a ^ c) - rotate(c, 4);
    b = (b ^ a) - rotate(a, 14);
    c = (c ^ b) - rotate(b, 24);
  }
  return c >>> 0;
}
