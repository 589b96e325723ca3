/** Operators whose products are made by another program, over pipes and shared memory. */
import { type Block, zeros } from '../core/block.ts';
import { atDoor, within } from '../core/door.ts';
import { bytesPerEntry, type DType, dtypeOf, viewOf } from '../core/dtype.ts';
import { ShapeError, UnsupportedError } from '../core/errors.ts';
import { parseOptions } from '../core/parse.ts';
import { defineOperator, type Operator } from '../linops/define.ts';
import type { LentMemory, LinearOperator } from '../linops/operator.ts';
import { bytesOf, FrameError, type FrameHeader } from './frames.ts';
import { command, type ParsedRemoteOptions, REMOTE_FIELDS, type RemoteOptions } from './options.ts';
import { Program } from './program.ts';
import { blockHeader, type ProductType } from './protocol.ts';

/**
 * An operator whose products another program makes. A program that has ended is started again for the next product, so
 * that a stored computation goes on with the same operator.
 */
export interface RemoteOperator extends Operator, AsyncDisposable {
  /** A product may be asked for before the last one has ended. */
  readonly overlaps: true;
  /** Its program computes while others do. */
  readonly concurrent: true;
  /** Of the program, while it runs. */
  readonly pid: number | undefined;
  /** Ends the program; products under way are rejected, and there are no further ones. */
  close(): Promise<void>;
}

type RemoteParts = Omit<RemoteOperator, 'apply'>;
type Visit = Parameters<NonNullable<LinearOperator['matmatByBatch']>>[1];

const columns = (type: ProductType, { cols }: Block): string =>
  `a ${type === 'adjoint' ? 'product of the adjoint with' : 'product of'} ${cols} ${cols === 1 ? 'column' : 'columns'}`;

/** Memory for the block that an answer announces. @throws FrameError for another block than the expected one. */
function placeBlock(header: FrameHeader, bytes: number, rows: number, cols: number, out?: Block): Block {
  const { dtype } = header;
  const announced = `${header.rows} x ${header.cols} numbers of type ${dtype} in ${bytes} bytes`;
  if (header.rows !== rows || header.cols !== cols || (dtype !== 'float32' && dtype !== 'float64')) {
    throw new FrameError(`it answers with ${announced} instead of a ${rows} x ${cols} block`);
  }
  if (bytes !== rows * cols * bytesPerEntry(dtype)) throw new FrameError(`it announces ${announced}`);
  const fits = out && out.rows === rows && out.cols === cols && dtypeOf(out.data) === dtype;
  return fits ? out : zeros(rows, cols, dtype as DType);
}

/** Sends a block and waits for its product. */
async function ask(program: Program, type: ProductType, X: Block, rows: number, out?: Block): Promise<Block> {
  const { connection, description } = await program.connect();
  let product: Block | undefined;
  await connection.request({
    header: blockHeader(type, undefined, X),
    payload: bytesOf(X.data),
    answerBytes: rows * X.cols * bytesPerEntry(description.dtype),
    out: out && bytesOf(out.data),
    what: columns(type, X),
    place: (header, bytes) => {
      product = placeBlock(header, bytes, rows, X.cols, out);
      return bytesOf(product.data);
    },
    take: () => {
      if (!product) throw new FrameError('it answers without a block');
      return true;
    },
  });
  return product!;
}

async function lend(program: Program, cols: number): Promise<LentMemory | undefined> {
  // of a program that cannot be reached the product tells
  const connected = await program.connect().catch(() => undefined);
  if (!connected) return undefined;
  const { connection, description } = connected;
  const { shape, dtype } = description;
  const [answers, payloads] = shape.map((rows) => rows * cols);
  const bytes = bytesPerEntry(dtype);
  const lent = await connection.lend(payloads! * bytes, answers! * bytes);
  if (!lent) return undefined;
  return {
    input: viewOf(dtype, lent.buffer, 0, payloads!),
    product: viewOf(dtype, lent.buffer, lent.answerAt, answers!),
    giveBack: lent.giveBack,
  };
}

/** The same batch by batch: parts are visited one after the other while further ones arrive. */
async function askByBatch(program: Program, X: Block, rows: number, visit: Visit): Promise<Block> {
  const { connection } = await program.connect();
  const total = zeros(rows, X.cols, 'float64');
  let part: Block | undefined;
  let visits = Promise.resolve();
  await connection.request({
    header: blockHeader('multiplyByBatch', undefined, X),
    payload: bytesOf(X.data),
    what: columns('multiplyByBatch', X),
    place: (header, bytes) => {
      part = placeBlock(header, bytes, rows, X.cols);
      return bytesOf(part.data);
    },
    take: ({ header }) => {
      if (header.type === 'done') return true;
      const [index, weight, product] = [Number(header.index), Number(header.weight), part];
      part = undefined;
      if (header.type !== 'batch' || !product || !Number.isSafeInteger(index) || !(weight > 0)) {
        throw new FrameError(`it answers '${header.type}' without a batch of positive weight`);
      }
      for (let at = 0; at < total.data.length; at++) total.data[at]! += weight * product.data[at]!;
      visits = visits.then(() => visit({ index, weight, product }));
      // it is awaited below; until then a failure must not count as one that nobody heard of
      visits.catch(() => {});
      return false;
    },
  });
  await visits;
  return total;
}

/** The operator for a caller that has parsed its options, and its own name in messages. */
export function connectOperator(caller: string, options: ParsedRemoteOptions): Promise<RemoteOperator> {
  const name = `${caller} ${options.name ?? options.command.join(' ')}`;
  return within(name, () => connectNamed(name, options));
}

async function connectNamed(name: string, options: ParsedRemoteOptions): Promise<RemoteOperator> {
  // what is sent is this machine's memory
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) {
    throw new UnsupportedError(`this machine is big-endian, the protocol is not`);
  }
  const program = new Program(options);
  const { description } = await program.connect().catch(async (error: unknown) => {
    await program.close();
    throw error;
  });
  const { shape, dtype, adjoint, batches, preferredBlockSize, backend } = description;
  const [m, n] = shape;
  const selfAdjoint = options.selfAdjoint ?? description.selfAdjoint;
  const psd = options.psd ?? description.psd;
  if (selfAdjoint && m !== n) {
    await program.close();
    throw new ShapeError(`a self-adjoint operator must be square, this one is ${m} x ${n}`, { shape });
  }
  const parts: RemoteParts = {
    shape,
    dtype,
    ...(selfAdjoint ? { selfAdjoint } : {}),
    ...(psd ? { psd } : {}),
    ...(preferredBlockSize === undefined ? {} : { preferredBlockSize }),
    ...(backend === undefined ? {} : { backend }),
    overlaps: true,
    concurrent: true,
    matmat: (X, out) => within(name, () => ask(program, 'multiply', X, m, out)),
    lend: (cols) => lend(program, cols),
    ...(adjoint ? { adjointMatmat: (Y: Block) => within(name, () => ask(program, 'adjoint', Y, n)) } : {}),
    ...(batches > 0
      ? { matmatByBatch: (X: Block, visit: Visit) => within(name, () => askByBatch(program, X, m, visit)) }
      : {}),
    get pid() {
      return program.pid;
    },
    close: () => program.close(),
    [Symbol.asyncDispose]: () => program.close(),
  };
  return defineOperator(name, parts);
}

/**
 * An operator whose products are made by any program that speaks the protocol of docs/remote.md over its standard input
 * and output: on this machine, by `ssh` on another one, by `srun` on a node of a cluster.
 *
 * The program is started here and ends with this process, however that ends; it does not keep this process alive. Where
 * several such operators are added by `sum`, their products are made at the same time.
 *
 * @example
 * const shards = [0, 1, 2, 3].map((i) => remoteOperator({ command: ['srun', '-n1', 'python3', 'shard.py', `${i}`] }));
 * const H = sum(await Promise.all(shards));
 * @throws ArgumentError for bad options, StoreError for a missing `cwd`, UnsupportedError when the program cannot be
 * started or does not speak this version of the protocol, DeviceError when it ends or is silent for `timeout`; what it
 * reports itself, with its trace. Products throw the same.
 */
export async function remoteOperator(options: RemoteOptions): Promise<RemoteOperator> {
  const parsed = atDoor('remoteOperator', () => parseOptions(options, { ...REMOTE_FIELDS, command }));
  return connectOperator('remoteOperator', parsed);
}
