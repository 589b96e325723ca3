/** Bytes that are kept as text. */

/** The bytes of a text: compressed in zlib's format, then in base64. */
export async function bytesOfText(text: string): Promise<Uint8Array> {
  const compressed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const bytes = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(bytes).arrayBuffer());
}
