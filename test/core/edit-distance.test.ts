/** Letters by which two words differ, against values of textbooks and the laws of a distance. */
import { editDistance } from '../../src/core/edit-distance.ts';
import { expect, test } from '../support/jest.ts';

test.each([
  ['kitten', 'sitting', 3],
  ['saturday', 'sunday', 3],
  ['intention', 'execution', 5],
  ['flaw', 'lawn', 2],
  ['', 'abc', 3],
  ['abc', 'abc', 0],
])('%s to %s', (from, to, letters) => {
  expect([editDistance(from, to), editDistance(to, from)]).toEqual([letters, letters]);
});
