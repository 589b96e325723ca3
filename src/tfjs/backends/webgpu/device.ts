/** Starting TensorFlow.js's WebGPU backend on a device of our choice: loaded for those who use it. */
import {
  backend,
  env,
  findBackend,
  findBackendFactory,
  type KernelBackend,
  registerBackend,
  removeBackend,
} from '@tensorflow/tfjs-core';
import { host } from '#host';
import { ArgumentError, UnsupportedError } from '../../../core/errors.ts';
import type { DeviceRequest } from '../backend.ts';
import { importOrExplain, packageName } from '../packages.ts';
import { type BackendRecord, backendRecord, setBackendRecord } from '../record.ts';
import { adapterName, checkHardware, chooseAdapter, describeAdapter } from './adapter.ts';
import { isLost, isWatched, watchDevice } from './faults.ts';
import type { GpuAdapter, GpuAdapterInfo, GpuDevice } from './gpu.ts';

export { withFaults } from './faults.ts';

const PACKAGE = '@tensorflow/tfjs-backend-webgpu';

/** Limits that TensorFlow.js makes use of: as large as the adapter has them. */
const LIMITS = [
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
];

/** Features that TensorFlow.js makes use of: times of kernels. */
const FEATURES = ['timestamp-query'];

async function openDevice(adapter: GpuAdapter, { maxBufferBytes }: DeviceRequest): Promise<GpuDevice> {
  const limits = LIMITS.map((name): [string, number] => {
    const most = adapter.limits[name]!;
    const isSize = name === 'maxStorageBufferBindingSize' || name === 'maxBufferSize';
    return [name, isSize && maxBufferBytes !== undefined ? Math.min(most, maxBufferBytes) : most];
  });
  return adapter.requestDevice({
    requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)),
    requiredLimits: Object.fromEntries(limits),
  });
}

type BackendClass = new (device: GpuDevice, info: GpuAdapterInfo) => KernelBackend;

/**
 * The backend's constructor wants to see `navigator.gpu`, which Node does not have. It is there only meanwhile: for as long
 * as a global holds on to it, Dawn would keep the process from ending.
 */
function construct(Backend: BackendClass, device: GpuDevice, info: GpuAdapterInfo): KernelBackend {
  const scope = globalThis as { navigator?: { gpu?: unknown } };
  if (scope.navigator?.gpu) return new Backend(device, info);
  const original = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: true }, configurable: true });
  try {
    return new Backend(device, info);
  } finally {
    if (original) Object.defineProperty(globalThis, 'navigator', original);
    else Reflect.deleteProperty(globalThis, 'navigator');
  }
}

function recordOf(device: GpuDevice, info: GpuAdapterInfo | undefined): BackendRecord {
  const adapter = describeAdapter(info, device.limits);
  return {
    name: 'webgpu',
    package: packageName(PACKAGE),
    device: adapterName(adapter),
    adapter,
  };
}

/**
 * Which of its matrix products TensorFlow.js uses. It prefers others for small matrices, in which many threads wait for each
 * other; there a software adapter takes up to fifty times as long (12 x 6 x 8 on SwiftShader: 41 ms and 1 ms).
 */
const [PACKED_PRODUCTS, AUTOMATIC] = [3, -1];

function chooseProducts({ adapter }: BackendRecord): void {
  env().set('WEBGPU_MATMUL_PROGRAM_TYPE', adapter?.software ? PACKED_PRODUCTS : AUTOMATIC);
}

/** The device that was opened here last, and the adapter's name that was asked for. */
let opened: { device: GpuDevice; adapter: string | undefined } | undefined;

/** Registers a backend on a device of its own. */
async function open(Backend: BackendClass, request: DeviceRequest): Promise<void> {
  const adapter = await chooseAdapter(request.adapter);
  checkHardware(describeAdapter(adapter.info, adapter.limits), request.requireHardware);
  const device = await openDevice(adapter, request);
  watchDevice(device);
  opened = { device, adapter: request.adapter };
  chooseProducts(setBackendRecord(recordOf(device, adapter.info)));
  registerBackend('webgpu', () => construct(Backend, device, adapter.info), 3);
}

/** Small operations on numbers that are still on the host would otherwise move to the CPU backend. */
const stayOnDevice = (): void => env().set('WEBGPU_CPU_FORWARD', false);

/** What the package registers when a page imports it. */
let factoryOfPage: ReturnType<typeof findBackendFactory> | undefined;

/**
 * In a page the package has registered its backend itself, on the page's own WebGPU. After a lost device it is registered anew.
 * @throws UnsupportedError where the browser has no WebGPU, or the page did not import the package; ArgumentError for an adapter
 */
async function registerInPage({ adapter }: DeviceRequest): Promise<void> {
  if (adapter !== undefined) throw new ArgumentError('adapter: a page cannot choose among GPUs', { adapter });
  if (!(globalThis as { navigator?: { gpu?: unknown } }).navigator?.gpu) {
    throw new UnsupportedError(
      'this browser gives this page no WebGPU: it needs one that has it, and https or localhost',
      {},
    );
  }
  stayOnDevice();
  factoryOfPage = findBackendFactory('webgpu') ?? factoryOfPage;
  if (!factoryOfPage) await importOrExplain("backend 'webgpu' is not there", [PACKAGE], PACKAGE);
  const { device } = (findBackend('webgpu') ?? {}) as { device?: GpuDevice };
  if (device && isLost(device)) removeBackend('webgpu');
  if (findBackendFactory('webgpu') == null) registerBackend('webgpu', factoryOfPage!, 3);
}

/**
 * Makes sure that a WebGPU backend is registered: a new one where there is none or its device was lost. One that the user
 * has registered is left alone.
 * @throws UnsupportedError where packages or adapters are missing
 */
export async function register(request: DeviceRequest): Promise<void> {
  if (host.isPage) return registerInPage(request);
  const loaded = await importOrExplain("backend 'webgpu' is not installed", [PACKAGE], `${PACKAGE} webgpu`);
  stayOnDevice();
  if (opened && isLost(opened.device)) {
    opened = undefined;
    removeBackend('webgpu');
  }
  if (findBackendFactory('webgpu') != null) return;
  const { WebGPUBackend } = loaded.exports as { WebGPUBackend: BackendClass };
  await open(WebGPUBackend, request);
}

/**
 * What the running WebGPU backend runs on.
 * @throws UnsupportedError for a software adapter where hardware is required; ArgumentError for another adapter than asked for
 */
export function record({ requireHardware, adapter }: DeviceRequest): BackendRecord {
  const { device } = backend() as unknown as { device: GpuDevice };
  let record = backendRecord();
  if (!record || !isWatched(device)) {
    watchDevice(device);
    record = setBackendRecord(recordOf(device, device.adapterInfo));
    if (host.isPage) chooseProducts(record);
  }
  checkHardware(record.adapter!, requireHardware);
  if (adapter !== undefined && adapter !== opened?.adapter) {
    throw new ArgumentError(`the backend runs on ${record.device} already, not on '${adapter}'`, { adapter });
  }
  return record;
}
