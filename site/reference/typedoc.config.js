/** The reference and the pages of docs/, with formulas: `$...$` of Markdown, which GitHub renders too, by KaTeX. */
import formulas from '@vscode/markdown-it-katex';

/** Code in headings as text: TypeDoc leaves it out of tables of contents and of anchors, which are then not those of GitHub. */
function plainHeadings({ tokens }) {
  for (const [i, { type }] of tokens.entries()) {
    if (type !== 'heading_open') continue;
    for (const part of tokens[i + 1].children) if (part.type === 'code_inline') part.type = 'text';
  }
}

export default {
  name: 'eigensketch',
  tsconfig: '../../tsconfig.json',
  entryPoints: [
    'index',
    'tfjs/index',
    'report/index',
    'testing/index',
    'files/index',
    'hdf5/index',
    'remote/index',
  ].map((entry) => `../../src/${entry}.ts`),
  readme: '../../README.md',
  projectDocuments: [
    '../../docs/*.md',
    '../../examples/README.md',
    '../../bench/README.md',
    '../../CONTRIBUTING.md',
    '../../CHANGELOG.md',
  ],
  searchInDocuments: true,
  navigationLinks: { 'The spectrum of a network while it trains': '../index.html' },
  disableSources: true,
  skipErrorChecking: true,
  githubPages: false,
  highlightLanguages: ['bash', 'html', 'javascript', 'json', 'matlab', 'python', 'typescript', 'console'],
  intentionallyNotExported: ['src/seigh/methods.ts:table'],
  treatWarningsAsErrors: true,
  out: '../../dist/www/docs',
  plugin: ['./formulas.js'],
  customCss: './style.css',
  markdownItLoader(parser) {
    parser.use(formulas.default, { throwOnError: true });
    parser.core.ruler.push('plain headings', plainHeadings);
  },
};
