/** The other side: serves an operator of this process to whoever started it, over standard input and output. */
import { Buffer } from 'node:buffer';
import process from 'node:process';
import type { Readable, Writable } from 'node:stream';
import { type Block, zeros } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { bytesPerEntry, type DType, viewOf } from '../core/dtype.ts';
import { ShapeError, UnsupportedError } from '../core/errors.ts';
import { callback, type Field, parseOptions, refuse } from '../core/parse.ts';
import { applyAdjoint, applyOperator, hasAdjoint } from '../linops/apply.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { bytesOf, encodeHead, FRAME_END, type Frame, FrameError, type FrameHeader, FrameReader } from './frames.ts';
import { blockHeader, failureHeader, PROTOCOL_VERSION } from './protocol.ts';
import { canShare, openShared, type SharedName } from './shared-memory.ts';

/** Options of {@link serve}. */
export interface ServeOptions {
  /** Default: standard input. */
  input?: Readable;
  /** Default: standard output. What the program prints goes to standard error then. */
  output?: Writable;
}

function streamField<T extends Readable | Writable>(method: 'read' | 'write', usual: () => T): Field<T> {
  return {
    kind: 'value',
    parse: (value = usual(), name) =>
      typeof (value as Record<string, unknown> | null)?.[method] === 'function'
        ? (value as T)
        : refuse(name, `a ${method === 'read' ? 'readable' : 'writable'} stream`, value),
  };
}

/** Standard output for frames only: what is printed goes to standard error from now on. */
function takeStandardOutput(): Writable['write'] {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout) as Writable['write'];
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
  return write;
}

type Send = (header: FrameHeader, payload?: Uint8Array) => Promise<void>;

function sender(write: Writable['write']): Send {
  return async (header, payload = new Uint8Array()) => {
    write(encodeHead(header, payload.length));
    if (payload.length > 0) write(payload);
    // what is sent is the operator's memory, which it may use again as soon as this has ended
    await new Promise<void>((resolve, reject) =>
      write(FRAME_END, ((error?: Error | null) => (error ? reject(error) : resolve())) as never),
    );
  };
}

function description(op: LinearOperator, sharesMemory: boolean): FrameHeader {
  return {
    type: 'hello',
    role: 'server',
    protocol: PROTOCOL_VERSION,
    shape: op.shape,
    dtype: op.dtype,
    selfAdjoint: op.selfAdjoint === true,
    psd: op.psd === true,
    adjoint: hasAdjoint(op),
    // how many there are is seen in the first product
    batches: op.matmatByBatch ? 1 : 0,
    sharesMemory,
    ...(op.preferredBlockSize === undefined ? {} : { preferredBlockSize: op.preferredBlockSize }),
    backend: op.backend ?? `node ${process.version}`,
  };
}

/** The block that a request announces, in memory that `place` has. @throws FrameError for sizes that do not fit each other. */
function blockOf(header: FrameHeader, bytes: number, place: typeof zeros = zeros): Block {
  const { rows, cols, dtype } = header;
  const isBlock =
    Number.isSafeInteger(rows) && Number.isSafeInteger(cols) && (dtype === 'float32' || dtype === 'float64');
  if (!isBlock || bytes !== (rows as number) * (cols as number) * bytesPerEntry(dtype as DType)) {
    throw new FrameError(`a block of ${rows} x ${cols} ${dtype} in ${bytes} bytes`);
  }
  return place(rows as number, cols as number, dtype as DType);
}

/** Memory of the other side by the number of its slot. */
class Areas {
  readonly #buffers = new Map<unknown, ArrayBuffer>();

  /** Whether it could be mapped here. */
  async open({ slot, path, name, bytes: size }: FrameHeader): Promise<boolean> {
    try {
      const { buffer } = await openShared({ path, name, bytes: size } as SharedName);
      this.#buffers.set(slot, buffer);
      return true;
    } catch {
      return false;
    }
  }

  /** The block of a request, and memory for its product of `rows` rows. */
  blocks(header: FrameHeader, rows: number, type: DType): { X: Block; out?: Block } {
    const { slot, bytes, answer } = header.memory as { slot: number; bytes: number; answer?: number };
    const buffer = this.#buffers.get(slot)!;
    const at = (start: number) => (rows: number, cols: number, dtype: DType) => ({
      rows,
      cols,
      data: viewOf(dtype, buffer, start, rows * cols),
    });
    const X = blockOf(header, bytes, at(0));
    return { X, ...(answer === undefined ? {} : { out: at(answer)(rows, X.cols, type) }) };
  }
}

/** What a request is about: its block, and memory for the product, where the other side sees it. */
interface Given {
  X: Block | undefined;
  out?: Block;
}

async function answer(op: LinearOperator, header: FrameHeader, { X, out }: Given, send: Send): Promise<void> {
  const { type, id } = header;
  const rows = type === 'adjoint' ? op.shape[0] : op.shape[1];
  if (!X || X.rows !== rows) throw new ShapeError(`'${type}' needs a block of ${rows} rows, got ${X?.rows ?? 'none'}`);
  const sendProduct = (Y: Block): Promise<void> => {
    const block = blockHeader('product', id, Y);
    if (!out) return send(block, bytesOf(Y.data));
    if (Y.data !== out.data) out.data.set(Y.data);
    return send({ ...block, memory: Y.data.byteLength });
  };
  if (type === 'multiply') return sendProduct(await applyOperator(op, X, {}, out));
  if (type === 'adjoint' && hasAdjoint(op)) return sendProduct(await applyAdjoint(op, X));
  if (type === 'multiplyByBatch' && op.matmatByBatch) {
    await op.matmatByBatch(X, ({ index, weight, product }) =>
      send({ ...blockHeader('batch', id, product), index, weight }, bytesOf(product.data)),
    );
    return send({ type: 'done', id });
  }
  throw new UnsupportedError(`the operator has no product of type '${type}'`);
}

const OPTIONS = {
  input: streamField<Readable>('read', () => process.stdin),
  output: streamField<Writable>('write', () => process.stdout),
};

/**
 * Serves an operator to the process that started this one, for its `remoteOperator`; ends when that one has ended or closed
 * the operator: on standard input with the process, even in the midst of a product. Products are made one after the other. Errors of a product are sent, with their stack, and serving goes on.
 *
 * `make` is called once standard output is kept for frames, so that what it prints does no harm; what it throws is sent.
 *
 * @throws ArgumentError for what is no function, and for options that are no streams.
 * @example
 * await serve(() => hessian({ model, loss, data })); // serve.mjs: remoteOperator({ command: ['node', 'serve.mjs'] })
 */
export function serve(make: () => LinearOperator | Promise<LinearOperator>, options: ServeOptions = {}): Promise<void> {
  return atDoor('serve', async () => {
    const { input, output } = parseOptions(options, OPTIONS);
    return converse(callback<typeof make>().parse(make, 'make'), input, output);
  });
}

async function converse(
  make: () => LinearOperator | Promise<LinearOperator>,
  input: Readable,
  output: Writable,
): Promise<void> {
  const write = output === process.stdout ? takeStandardOutput() : output.write.bind(output);
  const send = sender(write as Writable['write']);
  const areas = new Areas();
  let op: LinearOperator | undefined;
  let placed: Block | undefined;
  let work = Promise.resolve();
  const respond = async (header: FrameHeader, X: Block | undefined): Promise<void> => {
    const { type, id } = header;
    op ??= await make();
    if (type === 'memory') return send({ type, id, mapped: await areas.open(header) });
    if (type !== 'hello') {
      const rows = op.shape[type === 'adjoint' ? 1 : 0];
      return answer(op, header, header.memory ? areas.blocks(header, rows, op.dtype) : { X }, send);
    }
    if (header.protocol === PROTOCOL_VERSION) return send(description(op, await canShare()));
    throw new UnsupportedError(
      `this server speaks version ${PROTOCOL_VERSION} of the protocol, not ${header.protocol}`,
    );
  };
  const take = ({ header }: Frame): void => {
    const X = placed;
    placed = undefined;
    work = work
      .then(() => respond(header, X))
      .catch((error: unknown) => send(failureHeader(header.id, error)))
      // whoever asked has gone
      .catch(() => {});
  };
  const reader = new FrameReader((header, bytes) => {
    placed = blockOf(header, bytes);
    return bytesOf(placed.data);
  }, take);
  output.on('error', () => {});
  try {
    for await (const chunk of input) reader.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk));
  } catch (error) {
    await send(failureHeader(undefined, error));
    throw error;
  }
  // nobody is left to hear of the product under way, and what the operator has started may keep the process alive
  if (input === process.stdin) process.exit();
}
