/**
 * Stryker's way to run tests, as one of its plugins: the test files are loaded once a process, and each change is tried on
 * what is loaded already. That takes a tenth of what Jest takes, which loads all of them again for every change.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type CoverageData,
  INSTRUMENTER_CONSTANTS,
  type InstrumenterContext,
  type StrykerOptions,
} from '@stryker-mutator/api/core';
import { commonTokens, declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  type TestRunner,
  TestStatus,
} from '@stryker-mutator/api/test-runner';
import { type Case, cases, globals, run, type Suite, startFile } from './globals.ts';

const messageOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** How long each test took, from one process to the next: quick ones go first, so that most changes are noticed soon. */
const TIMES = 'times-of-tests.json';

const context: InstrumenterContext = {};
Object.assign(globalThis, { [INSTRUMENTER_CONSTANTS.NAMESPACE]: context });

let loaded = false;
async function load(files: readonly string[]): Promise<void> {
  if (loaded) return;
  loaded = true;
  Object.assign(globalThis, globals);
  for (const file of files) {
    startFile(file);
    await import(pathToFileURL(resolve(file)).href);
  }
}

const isSuite = (what: Case | Suite): what is Suite => 'parent' in what;
const isIn = (suite: Suite | undefined, outer: Suite): boolean =>
  suite !== undefined && (suite === outer || isIn(suite.parent, outer));

class Runner implements TestRunner {
  static inject: [typeof commonTokens.options] = [commonTokens.options];
  readonly #files: readonly string[];
  /** Changes tried in this process. */
  #tried = 0;
  /** A change left something behind that makes tests fail without it. */
  #isSpoilt = false;

  constructor(options: StrykerOptions) {
    this.#files = (options as unknown as { filesOfTests: string[] }).filesOfTests;
  }

  capabilities() {
    return { reloadEnvironment: false };
  }

  async dryRun(): Promise<DryRunResult> {
    await load(this.#files);
    const tests: TestResult[] = [];
    const suites: Suite[] = [];
    const times: Record<string, number> = {};
    await run(
      cases.filter(({ skipped }) => !skipped),
      {
        onStart(what) {
          if (isSuite(what)) suites.push(what);
          context.currentTestId = isSuite(what) ? `suite ${suites.length - 1}` : what.id;
        },
        onEnd({ id }, error, ms) {
          context.currentTestId = undefined as never;
          times[id] = ms;
          const result = { id, name: id, timeSpentMs: ms };
          tests.push(
            error === undefined
              ? { ...result, status: TestStatus.Success }
              : { ...result, status: TestStatus.Failed, failureMessage: messageOf(error) },
          );
          return true;
        },
      },
    );
    writeFileSync(TIMES, JSON.stringify(times));
    // what the hooks of a suite cover, each of its tests covers
    const { perTest = {}, static: atLoad = {} } = context.mutantCoverage ?? {};
    const coverage: Record<string, CoverageData> = {};
    for (const { id, suite } of cases) {
      const hooks = suites.flatMap((outer, i) => (isIn(suite, outer) ? [perTest[`suite ${i}`] ?? {}] : []));
      coverage[id] = Object.assign({}, ...hooks, perTest[id]);
    }
    return { status: DryRunStatus.Complete, tests, mutantCoverage: { static: atLoad, perTest: coverage } };
  }

  async mutantRun({
    activeMutant,
    mutantActivation,
    testFilter,
    hitLimit,
  }: MutantRunOptions): Promise<MutantRunResult> {
    // Stryker answers an error with a fresh process
    if (this.#isSpoilt) throw new Error('an earlier change has left something behind');
    const setMutant = (id: string | undefined): void => {
      Object.assign(context, { activeMutant: id, hitCount: hitLimit === undefined ? undefined : 0, hitLimit });
    };
    if (mutantActivation === 'static') setMutant(activeMutant.id);
    try {
      await load(this.#files);
    } catch (error) {
      return { status: MutantRunStatus.Killed, killedBy: ['loading'], failureMessage: messageOf(error), nrOfTests: 0 };
    }
    setMutant(activeMutant.id);
    const times: Record<string, number> = existsSync(TIMES) ? JSON.parse(readFileSync(TIMES, 'utf8')) : {};
    const wanted = testFilter && new Set(testFilter);
    const chosen = cases
      .filter(({ id, skipped }) => !skipped && (!wanted || wanted.has(id)))
      .sort((a, b) => (times[a.id] ?? 0) - (times[b.id] ?? 0));
    let nrOfTests = 0;
    let failed: { test: Case; error: unknown } | undefined;
    const onStart = (): void => {};
    await run(chosen, {
      onStart,
      onEnd(test, error) {
        nrOfTests++;
        if (error !== undefined) failed = { test, error };
        return error === undefined;
      },
    });
    const isFresh = this.#tried++ === 0;
    const endless = determineHitLimitReached(context.hitCount, hitLimit);
    if (endless) return { status: MutantRunStatus.Timeout, reason: endless.reason ?? '' };
    setMutant(undefined);
    if (!failed) return { status: MutantRunStatus.Survived, nrOfTests };
    if (mutantActivation === 'runtime') {
      await run([failed.test], { onStart, onEnd: (_, error) => (this.#isSpoilt ||= error !== undefined) });
      if (this.#isSpoilt && !isFresh) throw new Error('an earlier change has left something behind');
    }
    const { test, error } = failed;
    return { status: MutantRunStatus.Killed, killedBy: [test.id], failureMessage: messageOf(error), nrOfTests };
  }
}

export const strykerPlugins: unknown[] = [declareClassPlugin(PluginKind.TestRunner, 'loaded-once', Runner)];
