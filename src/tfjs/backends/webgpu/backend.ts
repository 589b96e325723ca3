/** TensorFlow.js's WebGPU backend. */
import { PLAIN, type StartableBackend } from '../backend.ts';

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
  // a device that nobody has started with `useBackend` is not listened to
  onDevice: (work) => (started ? started.withFaults(work) : work()),
};
