/** Synthetic operators with known spectra. */
export { operatorWithSpectrum, randomOrthogonal, type SyntheticOperator, spectra } from './synthetic.ts';
