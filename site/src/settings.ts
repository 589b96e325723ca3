/** Everything that a run is determined by, its limits, and its form in the address of the page. */

/** Data, network, training, sketch and certificate. */
export interface Settings {
  /** `own`: a model of the reader's. */
  data: 'spirals' | 'digits' | 'regression' | 'own';
  /** Of the hidden layers. */
  activation: 'tanh' | 'relu' | 'softplus' | 'sigmoid';
  loss: 'squaredError' | 'crossEntropy';
  /** Whose spectrum is shown. */
  matrix: 'hessian' | 'ggn';
  /** Of TensorFlow.js. */
  backend: 'wasm' | 'cpu' | 'webgpu';
  /** Units of each hidden layer. */
  width: number;
  /** Hidden layers. */
  depth: number;
  /** η, the learning rate of full-batch gradient descent. */
  rate: number;
  /** Steps between two snapshots. */
  every: number;
  /** Columns of the sketch. */
  columns: number;
  /** Test products of the certificate. */
  tests: number;
  /** Probability of each event of the certificate. */
  confidence: number;
  /** Of data, initial weights, sketch and test vectors. */
  seed: number;
  /** The step that an address leads to. */
  step: number;
}

type Word = 'data' | 'activation' | 'loss' | 'matrix' | 'backend';
type Quantity = Exclude<keyof Settings, Word>;

/** One value of a setting that is a word. */
export type Choice<K extends Word> = Settings[K];

/** What the page calls each value of these settings. */
type Words = { readonly [K in Word]: Readonly<Record<Settings[K], string>> };

/** The settings that are one of a few words, each with what the page calls it. */
export const CHOICES: Words = {
  data: { spirals: 'two spirals', digits: 'digits, 8 × 8', regression: 'a noisy sine', own: 'your model' },
  activation: { tanh: 'tanh', relu: 'ReLU', softplus: 'softplus', sigmoid: 'sigmoid' },
  loss: { squaredError: 'squared error', crossEntropy: 'cross entropy' },
  matrix: { hessian: 'Hessian', ggn: 'Gauss–Newton' },
  backend: { wasm: 'wasm', cpu: 'cpu', webgpu: 'WebGPU' },
};

/** Smallest and largest value of the settings that are numbers. */
export const LIMITS: Readonly<Record<Quantity, readonly [least: number, most: number]>> = {
  width: [1, 64],
  depth: [0, 4],
  rate: [1e-4, 10],
  every: [1, 1000],
  columns: [2, 300],
  tests: [1, 200],
  confidence: [0.5, 0.999999],
  seed: [0, 2 ** 31 - 1],
  step: [0, 1_000_000],
};

/** What the page opens with. */
export const DEFAULTS: Settings = {
  data: 'spirals',
  width: 24,
  depth: 2,
  activation: 'tanh',
  loss: 'squaredError',
  rate: 0.4,
  every: 10,
  matrix: 'hessian',
  columns: 60,
  tests: 10,
  confidence: 0.99,
  backend: 'wasm',
  seed: 1,
  step: 0,
};

const WHOLE: readonly Quantity[] = ['width', 'depth', 'every', 'columns', 'tests', 'seed', 'step'];

const isWord = (name: string): name is Word => name in CHOICES;
const isQuantity = (name: string): name is Quantity => name in LIMITS;

/** The value that a text stands for; undefined where it stands for none. */
export function parseSetting<K extends keyof Settings>(name: K, text: string): Settings[K] | undefined {
  if (isWord(name)) return (Object.hasOwn(CHOICES[name], text) ? text : undefined) as Settings[K] | undefined;
  if (!isQuantity(name) || text.trim() === '') return undefined;
  const value = Number(text);
  const [least, most] = LIMITS[name];
  const isFit = value >= least && value <= most && (!WHOLE.includes(name) || Number.isInteger(value));
  return (isFit ? value : undefined) as Settings[K] | undefined;
}

/** The part of an address after `#`: what differs from the defaults. */
export function toPermalink(settings: Settings): string {
  const names = Object.keys(DEFAULTS) as (keyof Settings)[];
  const address = new URLSearchParams();
  for (const name of names) if (settings[name] !== DEFAULTS[name]) address.set(name, String(settings[name]));
  return address.toString();
}

/** The settings of an address. What is unknown or out of range has its default. A model of the reader's own is in no address. */
export function fromPermalink(hash: string): Settings {
  const settings: Settings = { ...DEFAULTS };
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ''))) {
    if (!Object.hasOwn(DEFAULTS, name)) continue;
    const key = name as keyof Settings;
    const value = parseSetting(key, text);
    if (value !== undefined && value !== 'own') Object.assign(settings, { [key]: value });
  }
  return settings;
}
