/** The backends, and which of them is in use. */
import { getBackend } from '@tensorflow/tfjs-core';
import { UnsupportedError } from '../../core/errors.ts';
import { type Backend, PLAIN, type StartableBackend } from './backend.ts';
import { cpu } from './cpu.ts';
import type { BackendName } from './record.ts';
import { tensorflow } from './tensorflow.ts';
import { wasm } from './wasm/backend.ts';
import { webgpu } from './webgpu/backend.ts';

/** Those that `useBackend` can start. */
export const BACKENDS: Readonly<Record<BackendName, StartableBackend>> = { cpu, wasm, webgpu, tensorflow };

/** Backends that are refused, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  webgl:
    'its textures may hold half precision and its products with a transposed operand add padding, so that gradients are wrong ' +
    "by several per cent and a certificate would speak of another matrix; in pages use 'wasm' or 'webgpu'",
};

/** @throws UnsupportedError for a backend whose numbers cannot be certified, with the reason */
export function refuseUnfit(name: unknown): void {
  if (typeof name !== 'string' || !Object.hasOwn(REFUSED, name)) return;
  throw new UnsupportedError(`backend '${name}' is refused: ${REFUSED[name]}`, { name });
}

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
