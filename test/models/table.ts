/** What the checks of published models found, in words. */
import { EXACT, type ModelCase } from './catalogue.ts';
import type { Finding } from './check.ts';

/** Room over what PyTorch's own float32 differs by, where that is more. */
const ROOM = 4;

/** Where PyTorch's own float32 differs by more, as where it takes another of nearly equal maxima, neither is a reference. */
const COMPARABLE = 1e-2;

/** Whether a finding is what it should be, and what to say of it. */
export interface Verdict {
  readonly passed: boolean;
  readonly outcome: string;
}

const most = (values: readonly number[]): number => Math.max(...values);
/** Two digits. */
const short = (value: number | undefined): string => (value === undefined ? '–' : value.toExponential(1));

/** Whether the library's refusal says which kernel and which node it is about. */
const namesBoth = ({ values }: NonNullable<Finding['error']>): boolean => {
  const { kernel, node } = (values ?? {}) as { kernel?: string; node?: string };
  return kernel !== undefined && node !== undefined;
};

/** What is to be said of a finding. */
export function judge({ error, asymmetry, errors, float32Errors = [], noReference }: Finding): Verdict {
  if (error) {
    const refused = error.code !== undefined && namesBoth(error);
    return { passed: refused, outcome: `${refused ? 'refused' : '**fails**'}: ${error.message}` };
  }
  // A NaN is above no bound, and fails.
  const allowed = most([EXACT, ...float32Errors.map((each) => ROOM * each)]);
  if (!(asymmetry! <= allowed)) return { passed: false, outcome: `**not symmetric**` };
  if (float32Errors.some((each) => each > COMPARABLE)) {
    return { passed: true, outcome: "symmetric; no comparison, PyTorch's own float32 differs from its float64" };
  }
  if (!errors) return { passed: true, outcome: `symmetric; no float64 evaluation: ${noReference}` };
  if (most(errors) <= EXACT) return { passed: true, outcome: 'right' };
  if (most(errors) <= allowed) return { passed: true, outcome: 'right to what float32 allows' };
  return { passed: false, outcome: '**off by more than float32 explains**' };
}

/** A cell: one line, and no bar of its own. */
const cell = (text: string): string => text.split('\n')[0]!.replaceAll('|', '\\|');

function row({ name, output }: ModelCase, finding: Finding): string {
  const { parameters, inputs, asymmetry, errors, float32Errors, seconds } = finding;
  const sizes = Object.values(inputs).map((shape) => shape.join(' x ') || 'scalar');
  const cells = [
    output ? `${name}, to ${output.map((node) => `\`${node}\``).join(', ')}` : name,
    finding.kind === 'graph' ? 'graph' : 'layers',
    parameters?.toLocaleString('en') ?? '–',
    sizes.join('; '),
    judge(finding).outcome,
    short(errors && most(errors)),
    short(float32Errors && most(float32Errors)),
    short(asymmetry),
    seconds === undefined ? '–' : seconds.toFixed(0),
  ];
  return `| ${cells.map(cell).join(' | ')} |`;
}

/** docs/models.md. */
export function page(all: readonly (readonly [ModelCase, Finding | undefined])[], machine: string): string {
  const found = all.flatMap(([each, finding]) => (finding ? [[each, finding] as const] : []));
  const missing = all.filter(([, finding]) => !finding).map(([{ name }]) => name);
  const packages = [...new Set(found.map(([{ package: name }]) => name))];
  const header = '| model | kind | parameters | input | outcome | error | PyTorch float32 | asymmetry | CPU s |';
  const sections = packages.map((name) => {
    const rows = found.filter(([each]) => each.package === name).map(([each, finding]) => row(each, finding));
    return [`## ${name}`, '', header, header.replace(/[^|]+/g, ' --- '), ...rows].join('\n');
  });
  const right = found.filter(([, finding]) => judge(finding).outcome.startsWith('right')).length;
  const refused = found.filter(([, finding]) => finding.error && judge(finding).passed).length;
  return `# Published models

<!-- made by npm run test:models -->

Models that packages of npm ship, each read with \`loadModel\`, with the weights that the library takes for parameters by
itself, one random input, and the Hessian of a loss of all float outputs, the sum of the means of log(1 + output²). The
library's backend is wasm, its check is on. Two products with random directions and the gradient are compared with a float64
evaluation by PyTorch (\`test/models/graph_model.py\`: node by node, differentiated by torch.autograd, nothing of TensorFlow.js in
it). ${found.length} runs: ${right} right, ${refused} refused with the name of kernel and node, ${found.length - right - refused} else. ${machine}${
    missing.length > 0
      ? `

Not checked yet: ${missing.join(', ')}.`
      : ''
  }

- **error**: the largest relative error of the gradient and the two products, in the Euclidean norm. *right*: at most 1e-5.
- **PyTorch float32**: where the error is more than 1e-5, that of PyTorch itself when it computes in float32 from the same
  weights. *right to what float32 allows*: at most four times that.
- **asymmetry**: |x·Hy − y·Hx| of the two directions over what x·Hy usually is, ‖H [x y]‖ / √n.
- **CPU s**: seconds of all threads for loading, recording, the check and the products.

${sections.join('\n\n')}
`;
}
