/** What the page and its worker say to each other. */
import type { Dataset } from './datasets/index.ts';
import type { Settings } from './settings.ts';
import type { Snapshot, Truth } from './spectrum.ts';

/** A file that a run can be kept as. */
export type ReportFormat = 'html' | 'svg' | 'latex' | 'json';

/** From the page. */
export type Request =
  /** A new run: step 0, then training up to `settings.step`, then the first snapshot. */
  | { type: 'configure'; settings: Settings }
  /** The same with a model and data in files, which are kept for later runs of `data: 'own'`. */
  | { type: 'open'; settings: Settings; files: File[] }
  /** Sketch, certificate and learning rate of the present run. */
  | { type: 'adjust'; settings: Settings }
  /** Train until paused. */
  | { type: 'train' }
  | { type: 'pause' }
  /** Train up to the next snapshot. */
  | { type: 'advance' }
  | { type: 'truth' }
  | { type: 'report'; format: ReportFormat };

/** What the network makes of its inputs, for the drawing. */
export type Picture =
  /** Probability or score of class 1 on a grid of `side` × `side` points over the square from -1.2 to 1.2, row 0 at the bottom. */
  | { kind: 'plane'; side: number; scores: Float32Array }
  /** Values of the network at `x`. */
  | { kind: 'curve'; x: Float32Array; y: Float32Array }
  /** The class that the network gives to each sample. */
  | { kind: 'classes'; predicted: Uint8Array };

/** From the worker. */
export type Reply =
  /** A run has begun, with the data to draw; those of files are not drawn. */
  | { type: 'started'; name: string; parameters: number; device: string; dataset: Dataset | undefined }
  | { type: 'trained'; step: number; losses: number[]; picture: Picture | undefined }
  | { type: 'snapshot'; snapshot: Snapshot }
  /** Share of a long computation that is done. */
  | { type: 'working'; what: string; share: number }
  | { type: 'truth'; truth: Truth }
  | { type: 'report'; format: ReportFormat; text: string }
  | { type: 'state'; isTraining: boolean; isBusy: boolean }
  | { type: 'failed'; message: string };
