/** What a run says of its progress: a bar that people see, lines that a log keeps, nothing where nothing is wanted. */
import { progressReporter, reporterOf } from '../../src/cli/progress.ts';
import { expect, test } from '../support/jest.ts';

/** A reporter whose clock the test sets, and what it has written. */
function reporter(isTTY: boolean) {
  const written: string[] = [];
  const clock = { seconds: 0 };
  const report = progressReporter({ isTTY, write: (text) => written.push(text) }, () => clock.seconds);
  return { written, clock, report };
}

test('in a pipe: nothing for half a minute, then a line a minute with products, rate, time left and memory', () => {
  const { written, clock, report } = reporter(false);
  report({ stage: 'sketch', done: 0, total: 1000 });
  for (clock.seconds = 1; clock.seconds <= 100; clock.seconds++) {
    report({ stage: 'sketch', done: 2 * clock.seconds, total: 1000 });
  }
  expect(written).toHaveLength(2);
  expect(written[0]).toMatch(
    /^sketch: 60 of 1000 products, 30\.0 s, 2\.00 products\/s, 7\.83 min left, \S+ [MG]B of memory\n$/,
  );
  expect(written[1]).toMatch(/^sketch: 180 of 1000 products, 90\.0 s, 2\.00 products\/s, 6\.83 min left/);
});

test('what was there before is not counted into the rate, and each stage begins anew', () => {
  const { written, clock, report } = reporter(false);
  report({ stage: 'sketch', done: 500, total: 1000 });
  clock.seconds = 40;
  report({ stage: 'sketch', done: 540, total: 1000 });
  expect(written[0]).toMatch(/^sketch: 540 of 1000 products, 40\.0 s, 1\.00 products\/s, 7\.67 min left/);
  clock.seconds = 200;
  report({ stage: 'recovery', done: 0, total: 1000 });
  expect(written[1]).toMatch(/^recovery: 0 of 1000 products, 0\.00 s, \S+ [MG]B of memory\n$/);
});

test('on a terminal: one line that is drawn again, with elapsed time, rate and time left', () => {
  const { written, clock, report } = reporter(true);
  report({ stage: 'sketch', done: 0, total: 8 });
  clock.seconds = 2;
  report({ stage: 'sketch', done: 4, total: 8 });
  expect(written[1]).toBe(
    `\rsketch       ${'█'.repeat(12)}${'·'.repeat(12)} 4 of 8 products, 2.00 s, 2.00 products/s, 2.00 s left\u001b[K`,
  );
  report({ stage: 'sketch', done: 8, total: 8 });
  expect(written[2]).toMatch(/\n$/);
});

test('a search shows its products and the worst residual', () => {
  const { written, clock, report } = reporter(false);
  report({ stage: 'krylov', done: 0, total: 5, numMatvecs: 1 });
  clock.seconds = 50;
  report({ stage: 'krylov', done: 2, total: 5, numMatvecs: 101, worstResidual: 0.00123 });
  expect(written[0]).toMatch(
    /^krylov: 2 of 5 pairs, 101 products, worst residual 1\.2e-3, 50\.0 s, 2\.00 products\/s, \S+ [MG]B of memory\n$/,
  );
});

test('runs of Lanczos steps show products, and what is left', () => {
  const { written, clock, report } = reporter(false);
  report({ stage: 'krylov', done: 0, total: 300 });
  clock.seconds = 50;
  report({ stage: 'krylov', done: 100, total: 300 });
  expect(written[0]).toMatch(
    /^krylov: 100 of 300 products, 50\.0 s, 2\.00 products\/s, 100 s left, \S+ [MG]B of memory\n$/,
  );
});

test('--quiet says nothing', () => {
  const { write } = process.stderr;
  const said: unknown[] = [];
  process.stderr.write = (text: unknown): boolean => said.push(text) > 0;
  try {
    reporterOf({ quiet: true })({ stage: 'sketch', done: 1, total: 1 });
  } finally {
    process.stderr.write = write;
  }
  expect(said).toEqual([]);
});
