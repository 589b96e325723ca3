/** Runs that live in directories, as the drivers ask for them. */
export { storedAccuracy } from '../accuracy/seigh.ts';
export { storedEigsh } from '../search/eigsh.ts';
export { storedSeigh } from '../sketch/seigh.ts';
