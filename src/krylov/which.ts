/** Which eigenvalues a Krylov method looks for. */
import type { Which } from '../spectrum/eigenpairs.ts';

/** Which eigenvalues: an order of `seigh`, or `'BE'`, half of them from each end of the spectrum. */
export type KrylovWhich = Which | 'BE';
/** All of them, the default first. */
export const KRYLOV_WHICH: readonly KrylovWhich[] = ['LM', 'LA', 'SA', 'BE'];
