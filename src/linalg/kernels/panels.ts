/** Panel products on a device, which plug in from the side: device tensors are none of this room's business. */
import type { Block, Matrix } from '../../core/block.ts';

/** The two n-scale operations for float32 panels, in float32. Each panel goes to the device and its product comes back. */
export interface PanelKernels {
  /** For results: 'webgpu (NVIDIA H200)'. */
  readonly name: string;
  /** G += X^T Y: sums of a few thousand rows in float32, added to each other in float64. */
  addGram(X: Block, Y: Block, G: Matrix): Promise<void>;
  /** out = X C. */
  times(X: Block, C: Block, out: Block): Promise<void>;
}

let current: () => PanelKernels | undefined = () => undefined;

/** Says where to ask for a device's panel products; `provide` returns undefined while there is no device in use. */
export function registerPanelKernels(provide: () => PanelKernels | undefined): void {
  current = provide;
}

/** The panel products of the device in use. */
export function panelKernels(): PanelKernels | undefined {
  return current();
}
