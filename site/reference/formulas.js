/** A plugin of TypeDoc: KaTeX's style sheet and fonts beside the style sheet of the documentation, which imports them. */
import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { RendererEvent } from 'typedoc';

const katex = dirname(createRequire(import.meta.url).resolve('katex/dist/katex.min.css'));

export function load({ renderer }) {
  renderer.on(RendererEvent.END, ({ outputDirectory }) => {
    const assets = join(outputDirectory, 'assets');
    cpSync(join(katex, 'katex.min.css'), join(assets, 'katex.min.css'));
    // browsers that are supported read woff2
    const isRead = (path) => !/\.(ttf|woff)$/.test(path);
    cpSync(join(katex, 'fonts'), join(assets, 'fonts'), { recursive: true, filter: isRead });
  });
}
