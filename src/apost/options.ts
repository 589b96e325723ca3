/** The options of `apost`, as callers give them and as they are parsed. */
import {
  between,
  CONTROL,
  described,
  type Field,
  integer,
  optional,
  parseOptions,
  seed,
  withDefault,
} from '../core/parse.ts';
import type { Control } from '../core/schedule.ts';
import { KERNELS, type KernelsChoice } from '../linalg/kernels/choice.ts';

/** Options of `apost`. */
export interface ApostOptions extends Control {
  /** Gaussian test vectors, each one product. Default 30. */
  tests?: number;
  /** Seed of the test vectors; never the same vectors as a sketch's, even under its seed. Default 0. */
  seed?: number;
  /** Probability of each event that statements share, between 0 and 1. Default 0.99. */
  confidence?: number;
  /**
   * For results with residual norms: products with which a Lanczos run goes on from the first test vector, for
   * `missedEigenvalueBound` and with it the gaps. Each is one product; fewer are made where noise decides. Default 8.
   */
  lanczosSteps?: number;
  /** Columns of one product. Default: the operator's preference or 64, less where a block would exceed 256 MiB. */
  blockSize?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice | undefined;
}

/** The options of `apost` as they are parsed: everything has its value. */
export interface CertifyOptions extends Control {
  tests: number;
  seed: number;
  confidence: number;
  lanczosSteps: number;
  blockSize: number | undefined;
  kernels: KernelsChoice | undefined;
}

/** The options of `apost` that the command line takes too. */
export const CERTIFICATE_FIELDS: {
  readonly tests: Field<number>;
  readonly confidence: Field<number>;
  readonly lanczosSteps: Field<number>;
} = {
  tests: described(withDefault(integer(1), 30), 'test products of the certificate'),
  confidence: described(withDefault(between(0, 1), 0.99), 'probability of each event of the certificate'),
  lanczosSteps: described(withDefault(integer(0), 8), 'products of the Lanczos run behind the completeness bound'),
};

const OPTIONS = {
  ...CERTIFICATE_FIELDS,
  seed: withDefault(seed, 0),
  blockSize: optional(integer(1)),
  kernels: KERNELS,
  ...CONTROL,
};

/** @throws ArgumentError as `apost`. */
export function parseApostOptions(options: unknown): CertifyOptions {
  return parseOptions(options, OPTIONS);
}
