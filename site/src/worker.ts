/** The worker of the page: everything that takes time. One request at a time, and training between them. */
import { startBackend } from './backend.ts';
import { pictureOf } from './picture.ts';
import { builtIn, type Problem } from './problem.ts';
import type { Reply, ReportFormat, Request } from './protocol.ts';
import type { Settings } from './settings.ts';
import { type Approximation, type Snapshot, snapshotOf } from './spectrum.ts';
import { descend } from './training.ts';

/** A problem, how far it is trained and what is known of it. */
interface Run {
  settings: Settings;
  readonly problem: Problem;
  step: number;
  latest?: { snapshot: Snapshot; approximation: Approximation };
}

/** Milliseconds of training between two looks at what the page asks for. */
const SLICE = 30;

const say = (reply: Reply): void => postMessage(reply);

/** Lets requests of the page in. */
const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

let run: Run | undefined;
/** What the reader gave to the page last. */
let ownFiles: readonly File[] = [];

/** Of the squared error outputs are compared as they are. */
const isSoftmax = ({ settings, problem }: Run): boolean =>
  settings.loss === 'crossEntropy' && problem.dataset.classes !== undefined;

/** Trains up to a step, and says so on the way. A later request can stop it. */
async function trainTo(target: number, { signal }: AbortController): Promise<void> {
  const { problem, settings } = run!;
  let slice = 1;
  while (run!.step < target && !signal.aborted) {
    const steps = Math.min(slice, target - run!.step);
    const start = performance.now();
    const losses = await descend(problem, steps, settings.rate);
    const spent = performance.now() - start;
    run!.step += steps;
    say({ type: 'trained', step: run!.step, losses, picture: await pictureOf(problem, isSoftmax(run!)) });
    slice = Math.max(1, Math.round((steps * SLICE) / Math.max(spent, 1)));
    if (!losses.every(Number.isFinite)) {
      throw new Error(
        `the loss is no longer finite at step ${run!.step}: η = ${settings.rate} is too large. Restart with less`,
      );
    }
    await nextTask();
  }
}

async function takeSnapshot({ signal }: AbortController): Promise<void> {
  const { problem, settings, step } = run!;
  run!.latest = await snapshotOf(problem, settings, step, signal);
  say({ type: 'snapshot', snapshot: run!.latest.snapshot });
}

/** A snapshot of the present step, unless the latest is one. */
async function snapshotHere(stop: AbortController): Promise<void> {
  if (run!.latest?.snapshot.step !== run!.step) await takeSnapshot(stop);
}

/** The next step at which there is a snapshot. */
const nextSnapshot = ({ step, settings: { every } }: Run): number => (Math.floor(step / every) + 1) * every;

/** A model of the reader's own, whose package only such a run needs. */
async function openOwn(settings: Settings): Promise<Problem> {
  const { ownProblem } = await import('./own-problem.ts');
  return ownProblem(ownFiles, settings);
}

async function configure(settings: Settings, stop: AbortController): Promise<void> {
  run?.problem.dispose();
  run = undefined;
  const device = await startBackend(settings.backend);
  const { data } = settings;
  const problem = data === 'own' ? await openOwn(settings) : builtIn({ ...settings, data });
  run = { settings, problem, step: 0 };
  const { name, parameters, dataset } = problem;
  say({ type: 'started', name, parameters, device, dataset: data === 'own' ? undefined : dataset });
  say({ type: 'trained', step: 0, losses: [], picture: await pictureOf(problem, isSoftmax(run)) });
  await trainTo(settings.step, stop);
  await takeSnapshot(stop);
}

async function train(stop: AbortController): Promise<void> {
  while (!stop.signal.aborted) await advance(stop);
}

async function advance(stop: AbortController): Promise<void> {
  await trainTo(nextSnapshot(run!), stop);
  if (!stop.signal.aborted) await takeSnapshot(stop);
}

async function truth({ signal }: AbortController): Promise<void> {
  const { truthOf } = await import('./truth.ts');
  const { problem, settings } = run!;
  const { approximation } = run!.latest!;
  const onProgress = (share: number): void => say({ type: 'working', what: 'the whole matrix', share });
  const found = await truthOf(problem, settings, { step: run!.step, approximation }, signal, onProgress);
  say({ type: 'truth', truth: found });
}

async function perform(
  request: Exclude<Request, { type: 'report' }>,
  wasTraining: boolean,
  stop: AbortController,
): Promise<void> {
  if (request.type === 'open') ownFiles = request.files;
  if (request.type === 'configure' || request.type === 'open') return configure(request.settings, stop);
  if (!run) return;
  switch (request.type) {
    case 'adjust':
      run.settings = request.settings;
      await takeSnapshot(stop);
      return wasTraining ? train(stop) : undefined;
    case 'train':
      return train(stop);
    case 'advance':
      return advance(stop);
    case 'pause':
      return snapshotHere(stop);
    case 'truth':
      await snapshotHere(stop);
      return truth(stop);
  }
}

/** Of the latest snapshot, whatever else is under way. */
async function report(format: ReportFormat): Promise<void> {
  const { WRITERS } = await import('./report.ts');
  if (run?.latest) say({ type: 'report', format, text: await WRITERS[format](run.latest.snapshot.analysis) });
}

const fail = (error: unknown): void => say({ type: 'failed', message: (error as Error).message });

let queue: Promise<void> = Promise.resolve();
let isTraining = false;
let stopping = new AbortController();

/** A request ends what is under way, and begins when that has ended. */
function receive(request: Request): void {
  if (request.type === 'report') {
    report(request.format).catch(fail);
    return;
  }
  stopping.abort();
  const stop = new AbortController();
  stopping = stop;
  const wasTraining = isTraining;
  queue = queue.then(async () => {
    isTraining = request.type === 'train' || (request.type === 'adjust' && wasTraining);
    say({ type: 'state', isTraining, isBusy: true });
    await perform(request, wasTraining, stop).catch((error: unknown) => {
      if (!stop.signal.aborted) fail(error);
    });
    isTraining = false;
    say({ type: 'state', isTraining: false, isBusy: false });
  });
}

addEventListener('message', ({ data }: MessageEvent<Request>) => receive(data));
