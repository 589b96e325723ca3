/** The page: it shows what the worker says, and asks it for what the reader wants. Nothing here takes time. */
import { buildControls, OF_PROBLEM } from './controls.ts';
import type { Dataset } from './datasets/index.ts';
import { lossFigure, type SharpnessPoint, sharpnessFigure } from './figures/history-figures.ts';
import { drawPicture } from './figures/picture-figure.ts';
import { spectrumFigure } from './figures/spectrum-figure.ts';
import type { Picture, Reply, ReportFormat, Request } from './protocol.ts';
import { fromPermalink, type Settings, toPermalink } from './settings.ts';
import type { Snapshot, Truth } from './spectrum.ts';
import { eigenvalueCells, statementsOf } from './statements.ts';

/** Everything that is drawn. */
interface Shown {
  settings: Settings;
  dataset: Dataset | undefined;
  name: string;
  parameters: number;
  device: string;
  step: number;
  losses: number[];
  sharpness: SharpnessPoint[];
  picture: Picture | undefined;
  snapshot: Snapshot | undefined;
  truth: Truth | undefined;
  isTraining: boolean;
  isBusy: boolean;
  working: string;
}

const element = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E;

const settings = fromPermalink(location.hash);
const shown: Shown = { ...emptyRun(settings), device: '', isTraining: false, isBusy: true, working: '' };

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
const ask = (request: Request): void => worker.postMessage(request);

function emptyRun(settings: Settings) {
  return {
    settings,
    dataset: undefined,
    name: '',
    parameters: 0,
    step: 0,
    losses: [],
    sharpness: [],
    picture: undefined,
    snapshot: undefined,
    truth: undefined,
  };
}

function cells(tag: 'td' | 'th', texts: readonly string[]): HTMLTableRowElement {
  const row = document.createElement('tr');
  for (const text of texts) row.appendChild(document.createElement(tag)).textContent = text;
  return row;
}

function showStatus(): void {
  const { name, parameters, step, snapshot, losses, settings, device, working, isTraining } = shown;
  const loss = losses.at(-1);
  const parts = [
    `${name}: ${parameters} parameters`,
    `step ${step}`,
    ...(loss === undefined ? [] : [`loss ${loss.toPrecision(3)}`]),
    `2/η = ${Number((2 / settings.rate).toPrecision(4))}`,
    ...(snapshot ? [`snapshot of step ${snapshot.step} in ${Math.round(1000 * snapshot.seconds)} ms`] : []),
    device,
  ];
  element('status').textContent = working || (name ? parts.join(' · ') : 'Starting …');
  element('train').textContent = isTraining ? 'Pause' : 'Train';
  element('train').setAttribute('aria-pressed', String(isTraining));
  // what changes twenty times a second is not read out
  element('status').setAttribute('aria-live', isTraining ? 'off' : 'polite');
  element<HTMLButtonElement>('truth').disabled = !snapshot;
  // files are in no address
  element<HTMLButtonElement>('permalink').disabled = settings.data === 'own';
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-report]')) button.disabled = !snapshot;
}

function showSpectrum(): void {
  const { snapshot, truth } = shown;
  if (!snapshot) return;
  const { eigenvalues, certificate } = snapshot.analysis;
  const { inertia } = certificate!;
  element('spectrum').innerHTML = spectrumFigure(snapshot, truth);
  element('spectrum-caption').textContent =
    `Step ${snapshot.step}. Each bar contains an eigenvalue; at most ${eigenvalues.length} lie outside the grey band. ` +
    `At least ${inertia!.positive} are positive and ${inertia!.negative} negative.${truth ? ' Short lines: the truth.' : ''}`;
}

function showSharpness(): void {
  const { snapshot, sharpness, settings } = shown;
  if (!snapshot) return;
  element('sharpness').innerHTML = sharpnessFigure(sharpness);
  element('sharpness-caption').textContent =
    settings.matrix === 'hessian'
      ? 'The largest eigenvalue of the Hessian, and 2/η, above which a step of gradient descent overshoots.'
      : 'The largest eigenvalue of the Gauss–Newton matrix, and 2/η.';
}

function showStatements(): void {
  const { snapshot, truth } = shown;
  if (!snapshot) return;
  const heading = ['statement', '', 'how sure', ...(truth ? ['in truth'] : [])];
  element('statements').replaceChildren(
    cells('th', heading),
    ...statementsOf(snapshot, truth).map(({ name, text, surety, truth: told }) =>
      cells('td', [name, text, surety, ...(truth ? [told ?? ''] : [])]),
    ),
  );
}

/** A row for each eigenvalue: made only while they are looked at. */
function showEigenvalues(): void {
  const { snapshot, truth } = shown;
  if (!snapshot || !element<HTMLDetailsElement>('numbers').open) return;
  const [head, ...rows] = eigenvalueCells(snapshot, truth);
  element('eigenvalues').replaceChildren(cells('th', head!), ...rows.map((row) => cells('td', row)));
}

const OF_SNAPSHOT = [showSpectrum, showSharpness, showStatements, showEigenvalues];

function showPicture(): void {
  const { picture, dataset } = shown;
  const caption = drawPicture(element<HTMLCanvasElement>('picture'), picture, dataset);
  element('picture-caption').textContent = caption;
  element('picture').setAttribute('aria-label', caption);
}

function showLoss(): void {
  element('loss').innerHTML = lossFigure(shown.losses);
}

const OF_TRAINING = [showPicture, showLoss];

/** What has to be drawn again, the longest due first. */
const due = new Set<() => void>();

/** One part a frame, so that keys and clicks never wait for more than one. */
function drawNext(): void {
  const [part] = due;
  due.delete(part!);
  if (due.size > 0) requestAnimationFrame(drawNext);
  part!();
  const { isTraining, isBusy } = shown;
  document.body.dataset.state = isTraining ? 'training' : isBusy || due.size > 0 ? 'busy' : 'idle';
}

function draw(...parts: (() => void)[]): void {
  if (due.size === 0) requestAnimationFrame(drawNext);
  for (const part of parts) due.add(part);
}

const EXTENSIONS: Readonly<Record<ReportFormat, string>> = { html: 'html', svg: 'svg', latex: 'tex', json: 'json' };

function save(format: ReportFormat, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text]));
  link.download = `spectrum-step-${shown.snapshot?.step ?? 0}.${EXTENSIONS[format]}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function fail(message: string): void {
  const line = element('failure');
  line.hidden = message === '';
  line.textContent = message;
}

function hear(reply: Reply): void {
  switch (reply.type) {
    case 'started':
      Object.assign(shown, reply);
      break;
    case 'trained':
      shown.step = reply.step;
      for (const loss of reply.losses) shown.losses.push(loss);
      shown.picture = reply.picture;
      draw(...OF_TRAINING);
      break;
    case 'snapshot': {
      const { snapshot } = reply;
      shown.snapshot = snapshot;
      shown.truth = undefined;
      if (shown.sharpness.at(-1)?.step === snapshot.step) shown.sharpness.pop();
      shown.sharpness.push({ step: snapshot.step, largest: snapshot.largest, rate: shown.settings.rate });
      draw(...OF_SNAPSHOT);
      break;
    }
    case 'working':
      shown.working = `Computing ${reply.what}: ${Math.round(100 * reply.share)} %`;
      break;
    case 'truth':
      shown.truth = reply.truth;
      draw(...OF_SNAPSHOT);
      break;
    case 'report':
      save(reply.format, reply.text);
      break;
    case 'state':
      shown.isTraining = reply.isTraining;
      shown.isBusy = reply.isBusy;
      if (!reply.isBusy) shown.working = '';
      if (!reply.isBusy) rememberPlace();
      break;
    case 'failed':
      fail(reply.message);
  }
  draw(showStatus);
}

/** The address leads back to this step of this run. */
function rememberPlace(): void {
  history.replaceState(null, '', `#${toPermalink({ ...shown.settings, step: shown.step })}`);
}

/** A run from the beginning, up to `settings.step`; with files, of the model in them. */
function start(settings: Settings, files?: File[]): void {
  fail('');
  Object.assign(shown, emptyRun(settings));
  showSettings(settings);
  ask(files ? { type: 'open', settings, files } : { type: 'configure', settings });
  draw(showStatus, ...OF_TRAINING);
}

const startOwn = (files: Iterable<File>): void => start({ ...shown.settings, data: 'own', step: 0 }, [...files]);

const showSettings = buildControls(element<HTMLFormElement>('controls'), (name, value) => {
  const settings = { ...shown.settings, [name]: value };
  if (OF_PROBLEM.includes(name)) return start({ ...settings, step: 0 });
  shown.settings = settings;
  if (name === 'matrix') shown.sharpness = [];
  ask({ type: 'adjust', settings });
  draw(showStatus);
});

element('train').addEventListener('click', () => ask({ type: shown.isTraining ? 'pause' : 'train' }));
element('advance').addEventListener('click', () => ask({ type: 'advance' }));
element('restart').addEventListener('click', () => start({ ...shown.settings, step: 0 }));
element('numbers').addEventListener('toggle', () => draw(showEigenvalues));
element('truth').addEventListener('click', () => ask({ type: 'truth' }));
element('permalink').addEventListener('click', async () => {
  rememberPlace();
  await navigator.clipboard.writeText(location.href);
  element('permalink').textContent = 'Copied';
  setTimeout(() => {
    element('permalink').textContent = 'Copy link';
  }, 1500);
});
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-report]')) {
  button.addEventListener('click', () => ask({ type: 'report', format: button.dataset.report as ReportFormat }));
}
element<HTMLInputElement>('own').addEventListener('change', ({ target }) => {
  startOwn((target as HTMLInputElement).files ?? []);
});
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  startOwn(event.dataTransfer?.files ?? []);
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => draw(showPicture));
addEventListener('hashchange', () => start(fromPermalink(location.hash)));
worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => hear(data));
worker.addEventListener('error', ({ message }) => fail(`The worker does not start: ${message}`));

start(settings);
