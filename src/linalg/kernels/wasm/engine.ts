/** Calls of the provider on their way to a thread: small ones run at once, large ones wait in line for the team. */
import { host } from '#host';
import type { Address, CompiledModule, Exports, SharedMemory } from './module.ts';
import { createMemory, growMemory, instantiate } from './module.ts';
import { type Call, runCall } from './programs.ts';
import { Team } from './team.ts';
import { clearTeamArea, firstFree, Thread } from './thread.ts';

/** One piece of work over data that is copied in and out of the shared memory. */
export interface Job {
  /** Bytes of shared memory it needs. */
  bytes: number;
  /** Floating-point operations, about: decides where it runs. */
  work: number;
  /** Copies the operands to `base` and on, and says what to run. */
  load(memory: SharedArrayBuffer, base: Address): Call;
  /** Takes the results out, right after the run. */
  store(memory: SharedArrayBuffer, base: Address): void;
}

/** Work up to this many operations (order 114 in a product, 131 in an eigh) is done here sooner than on two workers. */
const SMALL_WORK = 3e6;

/** Memory set aside for small work, so that it never meets the operands of a call the team is at. */
const SMALL_BYTES = 2 ** 20;

let warned = false;

/** A memory with its threads. */
export class Engine {
  readonly #module: CompiledModule;
  /** Threads of the team; 0 where there are none, and large work is done here too. */
  #size: number;
  readonly #memory: SharedMemory;
  readonly #main: Thread;
  readonly #small: Address;
  readonly #large: Address;
  #team: Team | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(module: CompiledModule, size: number) {
    this.#module = module;
    this.#size = size;
    this.#memory = createMemory(SMALL_BYTES);
    const kernels: Exports = instantiate(module, this.#memory);
    this.#small = firstFree(kernels, size + 1);
    this.#large = this.#small + SMALL_BYTES;
    growMemory(this.#memory, this.#large);
    this.#main = new Thread(kernels, this.#memory, 0, 0, 1);
  }

  /** Whether its threads have been started. */
  get hasTeam(): boolean {
    return this.#team?.alive === true;
  }

  /** Runs a job; jobs too large for the main thread run one after the other, in the order of the calls. */
  run(job: Job): Promise<void> {
    if (job.work <= SMALL_WORK && job.bytes <= SMALL_BYTES) return this.#runHere(job);
    return this.runInTurn(() => job);
  }

  /** Runs a job on the team when those before it are done; what it needs is asked for then. */
  runInTurn(prepare: () => Job): Promise<void> {
    return this.inTurn(() => this.#runOnTeam(prepare()));
  }

  /** Does something between two calls of the team. */
  inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.then(
      () => {},
      () => {},
    );
    return result;
  }

  /**
   * `length` numbers of the memory of large calls, `at` bytes from its beginning.
   * @throws UnsupportedError where the memory cannot grow as far.
   */
  numbers(at: number, length: number): Float64Array {
    growMemory(this.#memory, this.#large + at + 8 * length);
    return new Float64Array(this.#memory.buffer, this.#large + at, length);
  }

  /** Ends the workers once the calls under way are done. */
  close(): Promise<void> {
    this.#last = this.#last.then(() => this.#endTeam());
    return this.#last;
  }

  async #endTeam(): Promise<void> {
    await this.#team?.close();
    this.#team = undefined;
  }

  async #runHere(job: Job): Promise<void> {
    runCall(this.#main, job.load(this.#memory.buffer, this.#small));
    job.store(this.#memory.buffer, this.#small);
  }

  async #runOnTeam(job: Job): Promise<void> {
    growMemory(this.#memory, this.#large + job.bytes);
    const team = await this.#readyTeam();
    const call = job.load(this.#memory.buffer, this.#large);
    try {
      await (team === undefined ? runCall(this.#main, call) : team.run(call));
    } catch (error) {
      await this.#endTeam();
      throw error;
    }
    job.store(this.#memory.buffer, this.#large);
  }

  /** The team with all its threads; undefined where there is none, also because its threads cannot be started. */
  async #readyTeam(): Promise<Team | undefined> {
    if (this.#size === 0) return undefined;
    if (!this.#team?.alive) {
      clearTeamArea(this.#memory);
      this.#team = new Team(this.#module, this.#memory, this.#size);
    }
    try {
      await this.#team.ready;
      return this.#team;
    } catch (error) {
      await this.#endTeam();
      this.#size = 0;
      if (!warned)
        host.warn(`kernels run on the calling thread: worker threads do not start: ${(error as Error).message}`);
      warned = true;
      return undefined;
    }
  }
}
