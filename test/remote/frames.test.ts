/** Frames come out of a stream of bytes as they went in, wherever the stream is cut; what is no frame is refused. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { encodeHead, FRAME_END, FrameError, FrameReader } from '../../src/remote/frames.ts';
import { expect, test } from '../support/jest.ts';

const encode = (type: string, payload: Uint8Array): Buffer =>
  Buffer.concat([encodeHead({ type }, payload.length), payload, FRAME_END]);

/** Types and payloads of the frames in the chunks. */
function read(chunks: readonly Uint8Array[]): [string, number[]][] {
  const frames: [string, number[]][] = [];
  const reader = new FrameReader(
    (_, bytes) => new Uint8Array(bytes),
    ({ header, payload }) => frames.push([header.type, Array.from(payload)]),
  );
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

test('any frames, cut anywhere', () => {
  const frame = fc.tuple(fc.string(), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(([type, payload]) => encode(type, payload)));
        const chunks: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + cuts[turn % cuts.length]!;
          chunks.push(bytes.subarray(at, end));
          at = end;
        }
        expect(read(chunks)).toEqual(frames.map(([type, payload]) => [type, Array.from(payload)]));
      },
    ),
    { seed: 1 },
  );
});

test('a header has 16 bytes before it, as docs/remote.md says', () => {
  const head = Buffer.from(encodeHead({ type: 'x' }, 258));
  expect(head.toString('latin1')).toBe('EIGS\x0c\0\0\0\x02\x01\0\0\0\0\0\0{"type":"x"}');
});

test.each<[string, (good: Buffer) => Uint8Array, string]>([
  ['other letters', (good) => Buffer.concat([Buffer.from('X'), good]), 'is no frame'],
  [
    'an enormous header',
    (good) => {
      good.writeUInt32LE(2 ** 31, 4);
      return good;
    },
    'a header of 2147483648 bytes',
  ],
  [
    'a payload of another length',
    (good) => {
      good.writeBigUInt64LE(2n, 8);
      return good;
    },
    'another length than it announced',
  ],
])('%s', (_, spoil, message) => {
  expect(() => read([spoil(encode('x', Uint8Array.of(1, 2, 3)))])).toThrow(message);
  expect(() => read([spoil(encode('x', Uint8Array.of(1, 2, 3)))])).toThrow(FrameError);
});
