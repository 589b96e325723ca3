/** Ways in which a device fails. */
import { DeviceError } from '../../core/errors.ts';

/** Why a device failed. */
export type FaultReason = 'lost' | 'out-of-memory' | 'too-large' | 'validation' | 'internal';

/** Whether a smaller block may succeed where this error ended one. */
export function isTooLarge(error: unknown): boolean {
  const reason = error instanceof DeviceError ? (error.values.reason as FaultReason) : undefined;
  return reason === 'out-of-memory' || reason === 'too-large';
}
