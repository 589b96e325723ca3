/** Tests that a machine cannot run. Each says why in its title, from where the line at the end of a run is made. */

/** Title of a test, or of a group of tests, that is skipped. */
export const skippedTitle = (title: string, reason: string): string => `${title} (skipped: ${reason})`;

/** Why a test was skipped, from the titles of its groups and its own; undefined where none says it. */
export function reasonIn(titles: readonly string[]): string | undefined {
  for (const title of titles) {
    const found = /\(skipped: (.+)\)$/.exec(title);
    if (found) return found[1];
  }
  return undefined;
}
