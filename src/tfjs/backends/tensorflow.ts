/** The native TensorFlow library of `@tensorflow/tfjs-node-gpu` or `@tensorflow/tfjs-node`. */
import { backend, findBackendFactory } from '@tensorflow/tfjs-core';
import { UnsupportedError } from '../../core/errors.ts';
import { type DeviceRequest, PLAIN, type StartableBackend } from './backend.ts';
import { importOrExplain, packageName } from './packages.ts';
import { type BackendRecord, setBackendRecord } from './record.ts';

/** The one with CUDA first. */
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

let loadedPackage: string = PACKAGES[1];

/** Loads the package, which registers itself. @throws UnsupportedError where neither is installed or loads */
async function register(): Promise<void> {
  if (findBackendFactory('tensorflow') != null) return;
  const missing = "backend 'tensorflow' is not installed";
  const install = `${PACKAGES[1]} (or, for CUDA 11, ${PACKAGES[0]})`;
  const { name } = await importOrExplain(missing, PACKAGES, install);
  loadedPackage = name;
  if (findBackendFactory('tensorflow') != null) return;
  throw new UnsupportedError(
    `${name} registered its backend with another copy of @tensorflow/tfjs-core; install one version of both ` +
      '(npm ls @tensorflow/tfjs-core shows the copies)',
    { package: name },
  );
}

/** What the running backend runs on. @throws UnsupportedError where a GPU is required and it uses the CPU */
function record({ requireHardware }: DeviceRequest): BackendRecord {
  const { isUsingGpuDevice = false } = backend() as { isUsingGpuDevice?: boolean };
  if (requireHardware && !isUsingGpuDevice) {
    throw new UnsupportedError(
      `requireHardware, but ${loadedPackage} works on the CPU; @tensorflow/tfjs-node-gpu needs CUDA 11, cuDNN 8 ` +
        'and a driver for them',
      { package: loadedPackage },
    );
  }
  return setBackendRecord({
    name: 'tensorflow',
    package: packageName(loadedPackage),
    device: isUsingGpuDevice ? 'GPU' : 'CPU',
  });
}

export const tensorflow: StartableBackend = {
  ...PLAIN,
  name: 'tensorflow',
  choices: ['requireHardware'],
  register,
  record,
};
