/** What few calls need, loaded with the first of them: all at once, as a bundle for pages pays for every piece that it is split in. */
export { nearestPairs } from './eigsh/shift-invert.ts';
export { reachAccuracyInMemory } from './seigh/accuracy.ts';
