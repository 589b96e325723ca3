/**
 * What a device reports on the side. WebGPU's commands do not throw: a lost device, memory that ran out and refused commands
 * are told to the device's listeners, while results silently stay what they were. Here they become errors.
 */

import { backend } from '@tensorflow/tfjs-core';
import { host } from '#host';
import { DeviceError } from '../../../core/errors.ts';
import type { FaultReason } from '../faults.ts';
import type { GpuDevice } from './gpu.ts';

interface Fault {
  readonly reason: FaultReason;
  readonly message: string;
}

/** A piece of work that is under way, and the first fault meanwhile: what comes after it is usually its consequence. */
interface Watch {
  fault?: Fault;
}

/** What is known of a device. Work may overlap, and each piece must hear of every fault while it runs. */
interface Faults {
  readonly watches: Set<Watch>;
  lost?: Fault;
}

const faultsByDevice = new WeakMap<object, Faults>();

const BY_ERROR: Readonly<Record<string, FaultReason>> = {
  GPUOutOfMemoryError: 'out-of-memory',
  GPUValidationError: 'validation',
};

/** How Dawn and TensorFlow.js say that a buffer or a number of workgroups is beyond a limit of the device. */
const TOO_LARGE =
  /exceeds the max|larger than the maximum|Dispatch size exceeds|Total dispatch size|Array buffer allocation/i;

/** Listens to a device from now on. */
export function watchDevice(device: GpuDevice): void {
  const faults: Faults = { watches: new Set() };
  faultsByDevice.set(device, faults);
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault?.();
    const { message } = event.error;
    const reason = BY_ERROR[event.error.constructor.name] ?? 'internal';
    const fault: Fault = { reason: TOO_LARGE.test(message) ? 'too-large' : reason, message };
    for (const watch of faults.watches) watch.fault ??= fault;
  });
  device.lost.then(
    ({ reason, message }) => {
      faults.lost = { reason: 'lost', message: message || reason };
    },
    () => {},
  );
}

/** The faults of the device of the WebGPU backend, which is in use. */
function currentFaults(): Faults | undefined {
  const { device } = backend() as unknown as { device?: object };
  return device && faultsByDevice.get(device);
}

/** Whether somebody listens to a device. */
export function isWatched(device: GpuDevice): boolean {
  return faultsByDevice.has(device);
}

/** Whether a device is gone. */
export function isLost(device: GpuDevice): boolean {
  return faultsByDevice.get(device)?.lost !== undefined;
}

/** What is to be done about each. */
const REMEDIES: Readonly<Record<FaultReason, string>> = {
  lost: "what was on it is gone; call useBackend('webgpu') for a new one and make parameters, data and operators again",
  'out-of-memory': 'pass a smaller memory, blockSize or data batches',
  'too-large': 'pass a smaller blockSize or data batches',
  validation: 'the device refused a command; this is a defect of eigensketch, TensorFlow.js or the driver',
  internal: 'the device failed; another driver or adapter may help',
};

function asError({ reason, message }: Fault, cause?: unknown): DeviceError {
  const said = reason === 'lost' ? 'the GPU device was lost' : `the GPU reported: ${reason.replaceAll('-', ' ')}`;
  const detail = message.split('\n')[0];
  return new DeviceError(`${said} (${detail}); ${REMEDIES[reason]}`, { reason }, { cause });
}

/**
 * Does `work`, all of whose results have been read when it ends.
 * @throws DeviceError when the device failed meanwhile, whatever `work` returned or threw
 */
export async function withFaults<T>(work: () => Promise<T>): Promise<T> {
  const faults = currentFaults();
  if (!faults) return work();
  const watch: Watch = {};
  faults.watches.add(watch);
  const found = (): Fault | undefined => faults.lost ?? watch.fault;
  try {
    const result = await work();
    const fault = found();
    if (fault) throw asError(fault);
    return result;
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    // The device's own report may come a turn later than the exception that it caused.
    await host.nextTask();
    const fault = found();
    if (fault) throw asError(fault, error);
    const { message } = error as Error;
    if (TOO_LARGE.test(message)) throw asError({ reason: 'too-large', message }, error);
    throw error;
  } finally {
    faults.watches.delete(watch);
  }
}
