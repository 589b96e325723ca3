/** The form of settings, made from their table. */
import { CHOICES, DEFAULTS, LIMITS, parseSetting, type Settings } from './settings.ts';

interface Control {
  readonly name: keyof Settings;
  readonly label: string;
  /** What it changes, for those who wonder. */
  readonly hint: string;
  /** Of numbers: what one click changes. */
  readonly step?: number;
}

const GROUPS: readonly (readonly [title: string, controls: readonly Control[]])[] = [
  [
    'Network',
    [
      { name: 'data', label: 'Data', hint: 'what is learned' },
      { name: 'width', label: 'Width', hint: 'units of each hidden layer' },
      { name: 'depth', label: 'Depth', hint: 'hidden layers' },
      { name: 'activation', label: 'Activation', hint: 'of the hidden layers' },
      { name: 'loss', label: 'Loss', hint: 'values are always learned by the squared error' },
      { name: 'seed', label: 'Seed', hint: 'of data, initial weights, sketch and test products' },
    ],
  ],
  [
    'Training',
    [
      { name: 'rate', label: 'η', hint: 'learning rate of full-batch gradient descent', step: 0.01 },
      { name: 'every', label: 'Steps a snapshot', hint: 'steps of training from one snapshot to the next' },
    ],
  ],
  [
    'Sketch and certificate',
    [
      { name: 'matrix', label: 'Matrix', hint: 'whose spectrum' },
      { name: 'columns', label: 'Columns', hint: 'of the sketch: as many eigenvalues are shown' },
      { name: 'tests', label: 'Tests', hint: 'fresh products for the certificate' },
      { name: 'confidence', label: 'Confidence', hint: 'of each event of a certificate', step: 0.01 },
      { name: 'backend', label: 'Backend', hint: 'of TensorFlow.js; WebGPU where the browser has it' },
    ],
  ],
];

/** Settings that a model in files has of its own. */
const OF_BUILT_IN: readonly (keyof Settings)[] = ['width', 'depth', 'activation'];

/** Settings that make another problem; the others change the present one. */
export const OF_PROBLEM: readonly (keyof Settings)[] = [
  'data',
  'width',
  'depth',
  'activation',
  'loss',
  'seed',
  'backend',
];

type Input = HTMLSelectElement | HTMLInputElement;

function inputOf({ name, step = 1 }: Control): Input {
  if (name in CHOICES) {
    const select = document.createElement('select');
    for (const [value, text] of Object.entries(CHOICES[name as keyof typeof CHOICES])) {
      // chosen by opening files
      const option = new Option(text, value);
      option.hidden = option.disabled = value === 'own';
      select.add(option);
    }
    return select;
  }
  const input = document.createElement('input');
  const [least, most] = LIMITS[name as keyof typeof LIMITS];
  Object.assign(input, { type: 'number', min: String(least), max: String(most), inputMode: 'decimal' });
  // any number is valid, and arrows move by the step
  input.step = Number.isInteger(step) ? String(step) : 'any';
  return input;
}

/** Fills the form. @returns how to show settings in it */
export function buildControls(
  form: HTMLFormElement,
  onChange: (name: keyof Settings, value: Settings[keyof Settings]) => void,
): (settings: Settings) => void {
  const inputs = new Map<keyof Settings, Input>();
  for (const [title, controls] of GROUPS) {
    const group = form.appendChild(document.createElement('fieldset'));
    group.appendChild(document.createElement('legend')).textContent = title;
    for (const control of controls) {
      const label = group.appendChild(document.createElement('label'));
      label.title = control.hint;
      label.appendChild(document.createElement('span')).textContent = control.label;
      const input = label.appendChild(inputOf(control));
      input.name = control.name;
      inputs.set(control.name, input);
      input.addEventListener('change', () => {
        const value = parseSetting(control.name, input.value);
        const [least, most] = LIMITS[control.name as keyof typeof LIMITS] ?? [];
        input.setCustomValidity(value === undefined ? `a number from ${least} to ${most}` : '');
        input.reportValidity();
        if (value !== undefined) onChange(control.name, value);
      });
    }
  }
  form.addEventListener('submit', (event) => event.preventDefault());
  return (settings) => {
    for (const [name, input] of inputs) {
      input.value = String(settings[name] ?? DEFAULTS[name]);
      input.setCustomValidity('');
      input.disabled = settings.data === 'own' && OF_BUILT_IN.includes(name);
    }
  };
}
