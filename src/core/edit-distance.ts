/** The fewest letters to put in, take out or exchange that make one word of another (Wagner & Fischer 1974). */
export function editDistance(from: string, to: string): number {
  // of the letters of `from` so far to each beginning of `to`
  let distances = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      next.push(Math.min(next[j]! + 1, distances[j + 1]! + 1, distances[j]! + (letter === to[j] ? 0 : 1)));
    }
    distances = next;
  }
  return distances[to.length]!;
}
