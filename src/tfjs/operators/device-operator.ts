/** An operator whose products the current backend makes: what Hessians, Gauss-Newton matrices and Jacobians say of themselves. */
import type { Block } from '../../core/block.ts';
import { defineOperator, type Operator } from '../../linops/define.ts';
import { currentBackend } from '../backends/current.ts';
import { describeBackend } from '../backends/record.ts';
import { bestBlockSize } from './block-size.ts';

/** An operator of TensorFlow.js: float32 blocks, row-major. */
export interface DeviceOperator extends Operator {
  /** TensorFlow.js computes in float32. */
  readonly dtype: 'float32';
  /** The backend and device that the products are made on, as results record it. */
  readonly backend: string;
  /** On a GPU: a product may be asked for while the one before it is under way. */
  readonly overlaps: boolean;
  /**
   * A number of columns that one product handles well: up to 64, fewer where blocks would be too large; on a GPU what
   * {@link DeviceOperator.calibrate} has found.
   */
  readonly preferredBlockSize: number;
  /** On a GPU: tries products of several widths, once, and prefers the one with the least time per column. */
  calibrate(): Promise<void>;
  /** A X: n x b to m x b. */
  matmat(X: Block, out?: Block): Promise<Block>;
  /**
   * Releases every tensor the operator holds, those of products under way when they have ended. It cannot be used
   * afterwards.
   */
  dispose(): void;
}

/** What the backend decides. */
type OfBackend = Pick<DeviceOperator, 'dtype' | 'backend' | 'overlaps' | 'preferredBlockSize' | 'calibrate'>;
type Parts = Pick<DeviceOperator, 'shape' | 'matmat' | 'dispose'>;

/** Columns of a product before any trial, where they fit. */
const USUAL = 64;

/** Columns of a block that takes, with its product and in 4 bytes a number, no more than half of the memory. */
const mostThatFit = ([m, n]: Parts['shape'], memory: number): number => Math.max(1, Math.floor(memory / (8 * (m + n))));

/**
 * The operator with these products, as the current backend makes them.
 * @param name what messages call it
 * @param memory bytes that blocks, too, have to share
 * @param parts its shape, its products, and any fields beside them, which are kept
 */
export function deviceOperator<T extends Parts>(name: string, memory: number, parts: T): T & OfBackend & Operator {
  const [, n] = parts.shape;
  const most = mostThatFit(parts.shape, memory);
  const { overlaps } = currentBackend();
  let blockSize = Math.min(USUAL, most);
  let calibration: Promise<void> | undefined;
  const calibrate = async (): Promise<void> => {
    if (overlaps) blockSize = await bestBlockSize(n, most, (X) => op.matmat(X));
  };
  const ofBackend: OfBackend = {
    dtype: 'float32',
    backend: describeBackend(),
    overlaps,
    get preferredBlockSize() {
      return blockSize;
    },
    calibrate: () => {
      calibration ??= calibrate().catch((error) => {
        calibration = undefined;
        throw error;
      });
      return calibration;
    },
  };
  const fields = Object.defineProperties(ofBackend, Object.getOwnPropertyDescriptors(parts)) as OfBackend & T;
  const op = defineOperator(name, fields);
  return op;
}
