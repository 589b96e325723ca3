/**
 * `describe`, `test` and hooks in place of those of Jest: the same tests can be run again and again without loading anything
 * anew, which is most of what a short test costs.
 */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'expect';
import { bind } from 'jest-each';

type Body = (done?: unknown) => unknown;
const HOOKS = ['beforeAll', 'afterAll', 'beforeEach', 'afterEach'] as const;
type Hooks = Record<(typeof HOOKS)[number], Body[]>;

/** A `describe`, or a file. */
export interface Suite {
  name: string;
  parent: Suite | undefined;
  hooks: Hooks;
}

/** A `test`. */
export interface Case {
  id: string;
  file: string;
  suite: Suite;
  skipped: boolean;
  body: Body;
}

/** All tests that were declared, in their order. */
export const cases: Case[] = [];

const suiteOf = (name: string, parent?: Suite): Suite => ({
  name,
  parent,
  hooks: { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] },
});
let current: Suite = suiteOf('');
let file = '';

/** What is declared from here on belongs to this file. */
export function startFile(path: string): void {
  file = path;
  current = suiteOf('');
}

/** A suite and those around it, the outermost first. */
const around = (suite: Suite | undefined): Suite[] => (suite ? [...around(suite.parent), suite] : []);

function declareSuite(name: string, body: () => void): void {
  const outer = current;
  current = suiteOf(name, outer);
  try {
    body();
  } finally {
    current = outer;
  }
}

const declareCase =
  (skipped: boolean) =>
  (name: string, body: Body): void => {
    const names = around(current).map((suite) => suite.name);
    const id = [file, ...names, name].filter(Boolean).join(' ');
    // two of one name are told apart by their number
    const same = cases.filter((other) => other.id === id || other.id.startsWith(`${id} #`)).length;
    cases.push({ id: same > 0 ? `${id} #${same}` : id, file, suite: current, skipped, body });
  };

const each = (declare: (name: string, body: never) => void) => bind(declare as never, false);
const withEach = <T extends (name: string, body: never) => void>(declare: T) =>
  Object.assign(declare, { each: each(declare) });

const hook = (kind: keyof Hooks) => (body: Body) => void current.hooks[kind].push(body);

/** What `test/support/jest.ts` finds. */
export const globals: Readonly<Record<string, unknown>> = {
  expect,
  test: Object.assign(withEach(declareCase(false)), { skip: withEach(declareCase(true)) }),
  describe: Object.assign(withEach(declareSuite), { skip: withEach(() => {}) }),
  ...Object.fromEntries(HOOKS.map((kind) => [kind, hook(kind)])),
};

/** Hears what happens while tests run. */
export interface Listener {
  /** What runs next: a test, or the hooks around all tests of a suite. */
  onStart(what: Case | Suite): void;
  /** A test ended, after so many milliseconds; whether to go on with the next. */
  onEnd(test: Case, error: unknown, ms: number): boolean;
}

/** An error that nobody awaited. */
let stray: unknown;
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) => {
    stray ??= error ?? new Error(event);
  });
}

/** Runs tests one after the other; hooks around all tests of a suite run before its first one, and at the end. */
export async function run(chosen: readonly Case[], { onStart, onEnd }: Listener): Promise<void> {
  const entered = new Map<Suite, unknown>();
  const attempt = async (bodies: readonly Body[]): Promise<unknown> => {
    try {
      for (const body of bodies) await body();
    } catch (error) {
      return error ?? new Error('undefined was thrown');
    }
    return undefined;
  };
  const enter = async (suites: readonly Suite[]): Promise<unknown> => {
    for (const suite of suites) {
      if (!entered.has(suite)) {
        onStart(suite);
        entered.set(suite, await attempt(suite.hooks.beforeAll));
      }
      if (entered.get(suite) !== undefined) return entered.get(suite);
    }
    return undefined;
  };
  for (const one of chosen) {
    const suites = around(one.suite);
    const startedAt = performance.now();
    stray = undefined;
    let error = await enter(suites);
    if (error === undefined) {
      onStart(one);
      error = await attempt([...suites.flatMap(({ hooks }) => hooks.beforeEach), () => one.body()]);
      const after = await attempt(suites.toReversed().flatMap(({ hooks }) => hooks.afterEach));
      await setImmediate();
      error ??= after ?? stray;
    }
    if (!onEnd(one, error, performance.now() - startedAt)) break;
  }
  for (const suite of [...entered.keys()].reverse()) await attempt(suite.hooks.afterAll);
}
