/** The messages of the protocol, version 1 (docs/remote.md), and what either side makes of the other's. */

import type { Block } from '../core/block.ts';
import { type DType, dtypeOf } from '../core/dtype.ts';
import {
  ArgumentError,
  DeviceError,
  EigensketchError,
  NumericalError,
  ShapeError,
  StoreError,
  UnsupportedError,
} from '../core/errors.ts';
import type { FrameHeader } from './frames.ts';

/** Both sides say which version they speak; another one is refused. */
export const PROTOCOL_VERSION = 1;

/** What a program says about the operator that it serves. */
export interface Description {
  shape: readonly [number, number];
  dtype: DType;
  selfAdjoint: boolean;
  psd: boolean;
  /** Multiplies by the transpose too. */
  adjoint: boolean;
  /** Number of data batches whose products it can send one by one; 0 where it cannot. */
  batches: number;
  preferredBlockSize?: number;
  /** It may see memory of this process, where it runs on the same machine. */
  sharesMemory: boolean;
  /** What makes its products, for people. */
  backend?: string;
}

/** Which products there are. */
export type ProductType = 'multiply' | 'adjoint' | 'multiplyByBatch';

/** Kinds of failure, as error frames name them. */
export type FailureKind = 'argument' | 'shape' | 'numerical' | 'missing' | 'unsupported' | 'exception';

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;

/**
 * The description in a handshake.
 * @throws UnsupportedError for another version of the protocol or a handshake that lacks something.
 */
export function parseDescription(header: FrameHeader): Description {
  if (header.type !== 'hello' || header.role !== 'server') {
    throw new UnsupportedError(`the program does not serve an operator: it answered '${header.type}'`, {
      type: header.type,
    });
  }
  if (header.protocol !== PROTOCOL_VERSION) {
    throw new UnsupportedError(
      `the program speaks version ${header.protocol} of the protocol, this library version ` +
        `${PROTOCOL_VERSION}. Use the eigensketch_server.py and the eigensketch of one release`,
      { protocol: header.protocol, expected: PROTOCOL_VERSION },
    );
  }
  const { shape, dtype, preferredBlockSize, backend, batches } = header;
  const [m, n, ...more] = Array.isArray(shape) ? (shape as unknown[]) : [];
  if (!isSize(m) || !isSize(n) || more.length > 0) {
    throw new UnsupportedError(`the program describes an operator of shape ${JSON.stringify(shape)}`, {
      shape,
    });
  }
  if (dtype !== 'float32' && dtype !== 'float64') {
    throw new UnsupportedError(`the program describes an operator of type ${JSON.stringify(dtype)}`, {
      dtype,
    });
  }
  return {
    shape: [m, n],
    dtype,
    selfAdjoint: header.selfAdjoint === true,
    psd: header.psd === true,
    adjoint: header.adjoint === true,
    batches: isSize(batches) ? batches : 0,
    sharesMemory: header.sharesMemory === true,
    ...(isSize(preferredBlockSize) ? { preferredBlockSize } : {}),
    ...(typeof backend === 'string' ? { backend } : {}),
  };
}

/** The header of a frame that carries a block. */
export function blockHeader(type: string, id: unknown, { rows, cols, data }: Block): FrameHeader {
  return { type, id, rows, cols, dtype: dtypeOf(data) };
}

/** The error that an error frame tells of. */
export function errorOf({ kind, message, trace }: FrameHeader): EigensketchError {
  const text = `${message}${trace ? `\n${trace}` : ''}`;
  switch (kind as FailureKind) {
    case 'argument':
      return new ArgumentError(text);
    case 'shape':
      return new ShapeError(text);
    case 'numerical':
      return new NumericalError(text);
    case 'missing':
      return new StoreError(text);
    case 'unsupported':
      return new UnsupportedError(text);
    default:
      return new DeviceError(text, { reason: 'exception' });
  }
}

const KINDS: Partial<Record<EigensketchError['code'], FailureKind>> = {
  ARGUMENT: 'argument',
  SHAPE: 'shape',
  NUMERICAL: 'numerical',
  STORE: 'missing',
  UNSUPPORTED: 'unsupported',
};

/** The header of the error frame that tells of an error. */
export function failureHeader(id: unknown, error: unknown): FrameHeader {
  const kind = (error instanceof EigensketchError && KINDS[error.code]) || 'exception';
  const { name = 'Error', message = String(error), stack = '' } = (error ?? {}) as Partial<Error>;
  const isOurs = error instanceof EigensketchError;
  return {
    type: 'error',
    id,
    kind,
    message: isOurs ? message : `${name}: ${message}`,
    trace: isOurs ? '' : stack.split('\n').slice(1, 6).join('\n'),
  };
}
