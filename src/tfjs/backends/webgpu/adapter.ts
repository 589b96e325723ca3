/** Choosing a GPU and saying which it is. */
import { UnsupportedError } from '../../../core/errors.ts';
import { importOrExplain } from '../packages.ts';
import type { AdapterRecord } from '../record.ts';
import type { Gpu, GpuAdapter, GpuAdapterInfo, GpuLimits } from './gpu.ts';

const DRIVERS =
  "install the GPU's Vulkan driver (Debian: libvulkan1 and the maker's driver or mesa-vulkan-drivers); for tests without a " +
  'GPU: chromium, and VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json';

/** Dawn frees itself, also under a running device, when nobody holds these. */
const instances: Gpu[] = [];

/** WebGPU of this process: the runtime's own, as in pages, or the package `webgpu` (Dawn). */
async function loadGpu(adapter: string | undefined): Promise<Gpu> {
  const own = (globalThis as { navigator?: { gpu?: Gpu } }).navigator?.gpu;
  if (own && adapter === undefined) return own;
  const loaded = await importOrExplain(
    'WebGPU needs a package in Node',
    ['webgpu'],
    '@tensorflow/tfjs-backend-webgpu webgpu',
  );
  const { create, globals } = loaded.exports as { create(options: readonly string[]): Gpu; globals: object };
  // The constants and classes that TensorFlow.js uses.
  Object.assign(globalThis, globals);
  const gpu = create(adapter === undefined ? [] : [`adapter=${adapter}`]);
  instances.push(gpu);
  return gpu;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i;

/** An adapter as results record it. */
export function describeAdapter(info: GpuAdapterInfo | undefined, limits: GpuLimits): AdapterRecord {
  const { vendor = '', architecture = '', device = '', description = '', isFallbackAdapter = false } = info ?? {};
  const limit = (name: keyof AdapterRecord['limits']): number => limits[name] ?? 0;
  return {
    vendor,
    architecture,
    device,
    driver: description,
    software: isFallbackAdapter || SOFTWARE.test(`${architecture} ${device} ${description}`),
    limits: {
      maxStorageBufferBindingSize: limit('maxStorageBufferBindingSize'),
      maxBufferSize: limit('maxBufferSize'),
      maxComputeWorkgroupsPerDimension: limit('maxComputeWorkgroupsPerDimension'),
      maxComputeInvocationsPerWorkgroup: limit('maxComputeInvocationsPerWorkgroup'),
    },
  };
}

/** The name for people: the driver's word for the card, else its maker and kind. */
export function adapterName({ vendor, architecture, device, driver }: AdapterRecord): string {
  return [vendor, device || architecture, driver].filter(Boolean).join(', ') || 'unnamed GPU';
}

/** @throws UnsupportedError where `requireHardware` and the adapter is a software one */
export function checkHardware(record: AdapterRecord, requireHardware: boolean): void {
  if (!requireHardware || !record.software) return;
  throw new UnsupportedError(
    `requireHardware, but the only adapter is a software one (${adapterName(record)}); ${DRIVERS}`,
    { adapter: record },
  );
}

/** The adapter whose name contains `wanted`, or the fastest. @throws UnsupportedError, naming the adapters there are */
export async function chooseAdapter(wanted: string | undefined): Promise<GpuAdapter> {
  const gpu = await loadGpu(wanted);
  let cause: unknown;
  const adapter = await Promise.resolve()
    .then(() => gpu.requestAdapter({ powerPreference: 'high-performance' }))
    .catch((error: unknown) => {
      cause = error;
      return null;
    });
  if (adapter) return adapter;
  const names = [...String((cause as Error | undefined)?.message).matchAll(/name: '([^']*)'/g)].map(([, name]) => name);
  throw new UnsupportedError(
    wanted !== undefined && names.length > 0
      ? `no GPU adapter '${wanted}'; there are: ${names.join(', ')}`
      : `backend 'webgpu' found no GPU adapter on this machine; ${DRIVERS}`,
    { adapter: wanted, names },
    { cause },
  );
}
