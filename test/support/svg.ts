/** What an SVG text of a figure shows, element by element. */

/** A text, a line, a path or a rectangle. */
export interface Drawn {
  /** What it belongs to: `axis-label`, `legend-symbol`, `line` for a mark of that kind. */
  role: string;
  attributes: Record<string, string>;
  /** Of a text, with line breaks. */
  text: string;
}

const UNESCAPED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"' };

/** All elements in the order drawn, without the frames of groups. */
export function elementsOf(svg: string): Drawn[] {
  let role = 'page';
  const found: Drawn[] = [];
  for (const [, group, tag, attributes, text] of svg.matchAll(
    /<g class="mark-([^"]*)"|<(text|line|path|rect)\b([^>]*?)\/?>(?:((?:[^<]|<\/?tspan[^>]*>)*)<\/text>)?/g,
  )) {
    if (group) {
      const [kind, name] = group.split(' role-') as [string, string];
      role = name === 'mark' ? kind : name;
      continue;
    }
    const pairs = Array.from(attributes!.matchAll(/([\w-]+)="([^"]*)"/g), ([, name, value]) => [name!, value!]);
    const own = Object.fromEntries(pairs) as Record<string, string>;
    if (own.class) continue;
    found.push({
      role,
      attributes: { tag: tag!, ...own },
      text: (text ?? '')
        .replace(/<\/tspan><tspan[^>]*>/g, '\n')
        .replace(/<[^>]*>/g, '')
        .replace(/&(lt|gt|amp|quot);/g, (_, name: string) => UNESCAPED[name]!),
    });
  }
  return found;
}

/** Of each element of a role, these attributes. */
export function attributesOf(svg: string, role: string, ...names: string[]): (string | undefined)[][] {
  return elementsOf(svg)
    .filter((element) => element.role === role)
    .map(({ attributes }) => names.map((name) => attributes[name]));
}

/** The texts of a role. */
export const textsOf = (svg: string, role: string): string[] =>
  elementsOf(svg)
    .filter((element) => element.role === role)
    .map(({ text }) => text);

/** The place of an element, from its `translate`. */
export function placeOf(svg: string, role: string): [number, number][] {
  return attributesOf(svg, role, 'transform').map(([transform]) => {
    const [, x, y] = /translate\(([-\d.e]+),([-\d.e]+)\)/.exec(transform!)!;
    return [Number(x), Number(y)];
  });
}
