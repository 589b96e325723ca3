export type { Block } from './core/block.ts';
