/**
 * How the threads of a team meet. Each thread has an instance of this module over one shared memory; the globals below
 * belong to the thread. A sync area in shared memory holds three words, each on a cache line of its own: threads that
 * have arrived, generation (how often all have met), and the next ticket of work.
 */

const GENERATION: usize = 64;
const TICKET: usize = 128;

/**
 * Looks at the generation before a thread gives its core away: some ten microseconds, longer than what one thread does
 * alone between two barriers of the tridiagonalisation, shorter than what others lose when cores are shared.
 */
const SPINS = 20000;

let sync: usize = 0;
let scratch: usize = 0;
let rank: i32 = 0;
let size: i32 = 1;

/** Makes this thread number `ofRank` of a team of `ofSize`; `withScratch` addresses memory of its own. */
export function joinTeam(withSync: usize, withScratch: usize, ofRank: i32, ofSize: i32): void {
  sync = withSync;
  scratch = withScratch;
  rank = ofRank;
  size = ofSize;
}

/** Memory that only this thread touches, see `scratchBytes`. */
export function ownScratch(): usize {
  return scratch;
}

/** Where this thread's share of `count` pieces of work starts; it ends where the share of the next rank starts. */
export function shareStart(count: usize): usize {
  return (count * rank) / size;
}

/** One past the last piece of this thread's share. */
export function shareEnd(count: usize): usize {
  return (count * (rank + 1)) / size;
}

/** Returns once all threads of the team have called it. A thread that waits long sleeps, because cores may be shared. */
export function barrier(): void {
  if (size === 1) return;
  const generation = atomic.load<i32>(sync, GENERATION);
  if (atomic.add<i32>(sync, 1) === size - 1) {
    atomic.store<i32>(sync, 0);
    atomic.add<i32>(sync, 1, GENERATION);
    atomic.notify(sync + GENERATION, size);
    return;
  }
  for (let spin = 0; spin < SPINS; spin++) {
    if (atomic.load<i32>(sync, GENERATION) !== generation) return;
  }
  while (atomic.load<i32>(sync, GENERATION) === generation) {
    atomic.wait<i32>(sync + GENERATION, generation, -1);
  }
}

/** Starts the tickets at 0 again; the team must meet at a barrier before the next ticket is taken, and after the last. */
export function resetTickets(): void {
  if (rank === 0) atomic.store<i32>(sync, 0, TICKET);
}

/** The next piece of work: 0, 1, 2, ... each handed out once in the team. */
export function takeTicket(): i32 {
  return atomic.add<i32>(sync, 1, TICKET);
}
