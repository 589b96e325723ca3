/** Runs that live in directories, as the drivers ask for them. */
export { storedEigsh } from '../search/eigsh.ts';
export { storedSeigh } from '../sketch/seigh.ts';
