/** Synthetic operators with known spectra. */
export {
  operatorWithSpectrum,
  randomOrthogonal,
  type SyntheticOperator,
  type SyntheticOptions,
  spectra,
} from './synthetic.ts';
