/** TensorFlow.js's WebGPU backend. */
import { PLAIN, type StartableBackend } from '../backend.ts';
import { withFaults } from './faults.ts';

/** What starts it, once somebody has. */
let started: typeof import('./device.ts') | undefined;

export const webgpu: StartableBackend = {
  ...PLAIN,
  name: 'webgpu',
  overlaps: true,
  sharesMemory: true,
  choices: ['requireHardware', 'adapter'],
  async register(request) {
    started = await import('./device.ts');
    await started.register(request);
  },
  record: (request) => started!.record(request),
  onDevice: withFaults,
};
