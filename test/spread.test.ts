/** Math.max and its like get a list of numbers as one argument a number, and a stack has room for some 10^5. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endsOf } from '../src/eigsh/completeness.ts';
import { leaveOneOutError } from '../src/seigh/leave-one-out.ts';
import { expect, test } from './support/jest.ts';

/** The arguments of every call `Math.f(...)` of a program, without comments. */
function mathArguments(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  return Array.from(code.matchAll(/Math\.\w+\(/g), ({ index, 0: call }) => {
    const start = index + call.length;
    let end = start;
    for (let depth = 1; depth > 0; end++) depth += code[end] === '(' ? 1 : code[end] === ')' ? -1 : 0;
    return code.slice(start, end - 1);
  });
}

test('the finder sees spreads behind other arguments and nested calls, and not in comments', () => {
  const source = 'Math.hypot(Math.sqrt(f(x)), ...y); // Math.max(...z)\nMath.min(a, b)';
  expect(mathArguments(source).filter((list) => list.includes('...'))).toEqual(['Math.sqrt(f(x)), ...y']);
});

test('no call of Math in src/ has a spread', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(200);
  const found = files.filter((name) =>
    mathArguments(readFileSync(join('src', name), 'utf8')).some((list) => list.includes('...')),
  );
  expect(found).toEqual([]);
});

test('300,000 residual norms of 1, and one column at distance 1 / 2 from nothing', () => {
  const T = { rows: 1, cols: 1, data: Float64Array.of(2) };
  expect(leaveOneOutError(T, new Float64Array(300_000).fill(1))).toBeCloseTo(Math.sqrt(300_000.25), 8);
});

test('300,000 wanted pairs, half from each end', () => {
  // largest, smallest, second largest, ...: 1, -1, 1, -1, ...
  const values = Float64Array.from({ length: 300_000 }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const ritz = { values, residualNorms: values, S: { rows: 0, cols: 0, data: new Float64Array(0) } };
  const ends = { high: 150_000, low: 150_000, upper: 1.5, lower: -1.5, above: 0, below: 0 };
  expect(endsOf(ritz, 'BE', values.length, 0.5)).toEqual(ends);
});
