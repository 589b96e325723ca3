/** The TypeScript blocks of a page, each with the output that the page shows below it. */

export interface DocBlock {
  /** Its first line that is no import. */
  title: string;
  code: string;
  output: string;
}

/** @throws Error for a block without its output. */
export function docBlocks(page: string): DocBlock[] {
  const blocks = Array.from(page.matchAll(/```ts\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g), ([, code, output]) => ({
    title:
      code!
        .trim()
        .split('\n')
        .find((line) => line !== '' && !line.startsWith('import')) ?? '',
    code: code!,
    output: output!,
  }));
  const all = page.match(/```ts/g)?.length ?? 0;
  if (blocks.length !== all) throw new Error(`${all - blocks.length} of ${all} blocks have no output below them`);
  return blocks;
}
