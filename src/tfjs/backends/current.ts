/** The backends, and which of them is in use. */
import { getBackend } from '@tensorflow/tfjs-core';
import { type Backend, PLAIN, type StartableBackend } from './backend.ts';
import { cpu } from './cpu.ts';
import type { BackendName } from './record.ts';
import { tensorflow } from './tensorflow.ts';
import { wasm } from './wasm/backend.ts';
import { webgpu } from './webgpu/backend.ts';

/** Those that `useBackend` can start. */
export const BACKENDS: Readonly<Record<BackendName, StartableBackend>> = { cpu, wasm, webgpu, tensorflow };

const others = new Map<string, Backend>();

/** The backend in use. Of one that is not among ours nothing special is known. */
export function currentBackend(): Backend {
  const name = getBackend();
  if (Object.hasOwn(BACKENDS, name)) return BACKENDS[name as BackendName];
  let other = others.get(name);
  if (other === undefined) {
    other = { ...PLAIN, name };
    others.set(name, other);
  }
  return other;
}
