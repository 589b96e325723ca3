/** The part of WebGPU that is used, by the names of its specification. */

/** What went wrong: a GPUValidationError, GPUOutOfMemoryError or GPUInternalError. */
export interface GpuError {
  readonly message: string;
}

export interface GpuAdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}

export type GpuLimits = Readonly<Record<string, number>>;

export interface GpuDevice {
  readonly limits: GpuLimits;
  readonly features: ReadonlySet<string>;
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  readonly queue: { onSubmittedWorkDone(): Promise<void> };
  readonly adapterInfo?: GpuAdapterInfo;
  addEventListener(
    type: 'uncapturederror',
    listener: (event: { error: GpuError; preventDefault?(): void }) => void,
  ): void;
  destroy(): void;
}

export interface GpuAdapter {
  readonly features: ReadonlySet<string>;
  readonly limits: GpuLimits;
  readonly info: GpuAdapterInfo;
  requestDevice(descriptor: {
    requiredFeatures: readonly string[];
    requiredLimits: Readonly<Record<string, number>>;
  }): Promise<GpuDevice>;
}

export interface Gpu {
  requestAdapter(options?: { powerPreference?: 'low-power' | 'high-performance' }): Promise<GpuAdapter | null>;
}
