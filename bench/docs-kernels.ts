/** Writes docs/kernels.md from the table of rules: `npm run docs:kernels`. */
import { writeFile } from 'node:fs/promises';
import { knownKernels } from '../test/support/kernels.ts';
import { kernelTable } from './support/kernel-table.ts';

const { names, own } = await knownKernels();
await writeFile('docs/kernels.md', await kernelTable(names, own));
