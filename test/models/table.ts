/** What the checks of published models found, in words. */
import { EXACT, type ModelCase, ROOM } from './catalogue.ts';
import type { Finding } from './check.ts';

/** Where rounding makes more of them, as where it takes another of nearly equal maxima, there is nothing to compare with. */
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
export function judge(finding: Finding): Verdict {
  const { error, asymmetry, errors, rounding, noReference } = finding;
  if (error) {
    const refused = error.code !== undefined && namesBoth(error);
    return { passed: refused, outcome: `${refused ? 'refused' : '**fails**'}: ${error.message}` };
  }
  const rounded = rounding ? most([rounding.float32, ...rounding.random]) : 0;
  // A NaN is above no bound, and fails.
  const allowed = Math.max(EXACT, ROOM * rounded);
  if (!(asymmetry! <= allowed)) return { passed: false, outcome: `**not symmetric**` };
  if (rounded > COMPARABLE) return { passed: true, outcome: 'symmetric; no comparison, rounding changes all of it' };
  const isUntranslated = /not one that is translated|NotImplementedError/.test(noReference ?? '');
  if (!errors) return { passed: isUntranslated, outcome: `symmetric; no float64 evaluation: ${noReference}` };
  if (most(errors) <= EXACT) return { passed: true, outcome: 'right' };
  if (most(errors) <= allowed) return { passed: true, outcome: 'right to what float32 allows' };
  return { passed: false, outcome: '**off by more than rounding explains**' };
}

/** The same for the page. */
function told(finding: Finding): string {
  const { outcome } = judge(finding);
  return finding.leftOut ? `${outcome}, without ${finding.leftOut} weights that the loss does not depend on` : outcome;
}

/** How many findings are of which commit. */
function commitsOf(findings: readonly Finding[]): string {
  const commits = findings.map(({ commit = 'unknown' }) => commit);
  const counts = [...new Set(commits)].map((each) => [each, commits.filter((other) => other === each).length] as const);
  return counts.length === 1
    ? `commit ${commits[0]}`
    : counts.map(([each, count]) => `${count} of commit ${each}`).join(', ');
}

/** A cell: one line, and no bar of its own. */
const cell = (text: string): string => text.split('\n')[0]!.replaceAll('|', '\\|');

function row({ name, output }: ModelCase, finding: Finding): string {
  const { parameters, inputs, asymmetry, errors, rounding, seconds } = finding;
  const sizes = Object.values(inputs).map((shape) => shape.join(' x ') || 'scalar');
  const cells = [
    output ? `${name}, to ${output.map((node) => `\`${node}\``).join(', ')}` : name,
    finding.kind,
    parameters?.toLocaleString('en') ?? '–',
    sizes.join('; '),
    told(finding),
    short(errors && most(errors)),
    short(rounding?.float32),
    short(rounding?.random.length ? most(rounding.random) : undefined),
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
  const header = '| model | kind | parameters | input | outcome | error | in float32 | at random | asymmetry | CPU s |';
  const sections = packages.map((name) => {
    const rows = found.filter(([each]) => each.package === name).map(([each, finding]) => row(each, finding));
    return [`## ${name}`, '', header, header.replace(/[^|]+/g, ' --- '), ...rows].join('\n');
  });
  const right = found.filter(([, finding]) => judge(finding).outcome.startsWith('right')).length;
  // earlier findings have no loss among what is compared
  const [compared, withLoss] = [3, 4].map(
    (parts) => found.filter(([, { errors = [] }]) => errors.length >= parts).length,
  );
  const loss = compared === withLoss ? ' and the loss' : ` and, in ${withLoss} of ${compared} runs, the loss`;
  const refused = found.filter(([, finding]) => finding.error && judge(finding).passed).length;
  return `# Published models

<!-- made by npm run test:models -->

Models that packages of npm ship, with the weights that the library takes for parameters by itself, one random input, and the
Hessian of a loss of all float outputs, the sum of the means of log(1 + output²) and of what a model's regularizers give. The library's backend is wasm, its check is on.
Two products with random directions, the gradient${loss} are compared with a float64 evaluation by PyTorch
(\`test/models/graph_model.py\`: node by node, differentiated by torch.autograd, nothing of TensorFlow.js in it).
${found.length} runs: ${right} right, ${refused} refused with the name of kernel and node, ${found.length - right - refused} else. Library: ${commitsOf(found.map(([, finding]) => finding))}. ${machine}${
    missing.length > 0
      ? `

Not checked yet: ${missing.join(', ')}.`
      : ''
  }

- **kind**: *graph* and *layers* are read with \`loadModel\`. A *function* is a network that its package has as weights and code, with no
  model.json: its weights as variables are \`parameters\`, its code the \`model\`. Of layers and functions PyTorch evaluates the kernels
  that one run calls, traced by \`test/models/trace.ts\`.
- **error**: the largest relative error of these, in the Euclidean norm. *right*: at most 1e-5.
- **in float32**, **at random**: where the error is more, what rounding makes of PyTorch's own evaluation: computed in float32; and
  unless that explains the error, the largest of up to three in float64 where each operand, forward and backward, is off by a random
  factor of at most 1 ± 2⁻²⁴.
  Networks with kinks (ReLU, the largest of a window) and losses that nearly cancel are that sensitive. *right to what float32 allows*:
  at most four times the larger of both.
- **asymmetry**: |x·Hy − y·Hx| of the two directions over what x·Hy usually is, ‖H [x y]‖ / √n.
- **CPU s**: seconds of all threads for loading, recording, the check and the products.

${sections.join('\n\n')}
`;
}
