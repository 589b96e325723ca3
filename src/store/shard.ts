/** Shards: which of a stage's blocks one of several processes measures. */
import process from 'node:process';
import { ArgumentError } from '../core/errors.ts';

/** Shard `index` of `count`, counted from 1. */
export interface Shard {
  index: number;
  count: number;
}

/** All blocks in one process. */
export const WHOLE: Shard = { index: 1, count: 1 };

/** '3/8'. */
export const shardName = ({ index, count }: Shard): string => `${index}/${count}`;

/**
 * 'i/m' with i in 1..m. In place of i may stand the name of an environment variable that holds it, as job arrays set:
 * 'SLURM_ARRAY_TASK_ID/8'.
 * @throws ArgumentError for another form, an unset variable, or i outside 1..m.
 */
export function parseShard(text: string, environment: NodeJS.ProcessEnv = process.env): Shard {
  const [, first, last] = /^([^/]+)\/(\d+)$/.exec(text.trim()) ?? [];
  if (first === undefined) {
    throw new ArgumentError(`a shard is i/m, for example 3/8 or SLURM_ARRAY_TASK_ID/8, got '${text}'`, {
      shard: text,
    });
  }
  const isNumber = /^-?\d+$/.test(first);
  const value = isNumber ? first : environment[first];
  if (value === undefined) {
    throw new ArgumentError(`shard '${text}' names the environment variable ${first}, which is not set`, {
      shard: text,
    });
  }
  const [index, count] = [Number(value), Number(last)];
  if (count < 1 || !Number.isSafeInteger(index) || index < 1 || index > count) {
    throw new ArgumentError(`shard i/m needs i in 1..m, got ${value}/${last}`, { index: value, count });
  }
  return { index, count };
}

/** The blocks of a shard: every `count`-th, so that all shards are as long as they can be, to one block. */
export function shardBlocks({ index, count }: Shard, blocks: number): number[] {
  const own: number[] = [];
  for (let block = index - 1; block < blocks; block += count) own.push(block);
  return own;
}
