/** Shards cover the blocks of a stage once each, and say what is wrong with their names. */
import fc from 'fast-check';
import { parseShard, shardBlocks } from '../../src/store/shard.ts';
import { describe, expect, test } from '../support/jest.ts';

test('the shards of any count share out all blocks, none twice, to one block alike', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 200 }), (count, blocks) => {
      const shards = Array.from({ length: count }, (_, i) => shardBlocks({ index: i + 1, count }, blocks));
      expect(shards.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: blocks }, (_, block) => block));
      const sizes = shards.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

describe('names of shards', () => {
  test('a number, or the variable that holds it', () => {
    expect(parseShard('3/8')).toEqual({ index: 3, count: 8 });
    expect(parseShard('TASK/8', { TASK: '8' })).toEqual({ index: 8, count: 8 });
  });

  test.each([
    ['9/8', 'shard i/m needs i in 1..m, got 9/8'],
    ['0/8', 'shard i/m needs i in 1..m, got 0/8'],
    ['-1/8', 'shard i/m needs i in 1..m, got -1/8'],
    ['1/0', 'shard i/m needs i in 1..m, got 1/0'],
    ['TASK/8', 'shard i/m needs i in 1..m, got 9/8'],
    ['WORD/8', 'shard i/m needs i in 1..m, got three/8'],
    ['ABSENT/8', "shard 'ABSENT/8' names the environment variable ABSENT, which is not set"],
    ['3', "a shard is i/m, for example 3/8 or SLURM_ARRAY_TASK_ID/8, got '3'"],
    ['3/x', "a shard is i/m, for example 3/8 or SLURM_ARRAY_TASK_ID/8, got '3/x'"],
  ])('%s is refused', (text, message) => {
    expect(() => parseShard(text, { TASK: '9', WORD: 'three' })).toThrow(message);
  });
});
