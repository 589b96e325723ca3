/**
 * Synthetic operators with known spectra.
 *
 * @module eigensketch/testing
 */
export {
  operatorWithSpectrum,
  randomOrthogonal,
  type SyntheticOperator,
  type SyntheticOptions,
  spectra,
} from './synthetic.ts';
