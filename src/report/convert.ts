/** Any SVG of a figure as PNG, for slides, and as PDF, for papers. */
import type * as Resvg from '@resvg/resvg-js';
import { host } from '#host';
import { concatenateBytes } from '../core/bytes.ts';
import { atDoor } from '../core/door.ts';
import { ArgumentError, UnsupportedError } from '../core/errors.ts';
import { integer, listOf, parseOptions, text, withDefault } from '../core/parse.ts';
import { missing } from './optional.ts';

/** Options of `svgToPdf`. */
export interface PdfOptions {
  /** TrueType files for the text, for machines without system fonts. */
  fontFiles?: string[];
}

/** Options of `svgToPng`. */
export interface PngOptions extends PdfOptions {
  /** Pixels across. Default 1400. */
  width?: number;
}

/** An image wider than this is no figure any more. */
const MOST_PIXELS = 32_768;

const RESVG = '@resvg/resvg-js';

const PDF = { fontFiles: withDefault(listOf(text), []) };
const PNG = { ...PDF, width: withDefault(integer(1, MOST_PIXELS), 1400) };

/** What resvg makes of an SVG text, with fonts found; `use` reads it. */
async function draw<T>(
  svg: string,
  fontFiles: string[],
  purpose: string,
  options: Resvg.ResvgRenderOptions,
  use: (drawing: Resvg.Resvg) => T,
): Promise<T> {
  const { Resvg: Drawing } = (await host.importPackage(RESVG).catch(missing(RESVG, purpose))) as typeof Resvg;
  const font = { loadSystemFonts: true, fontFiles, defaultFontFamily: 'DejaVu Sans' };
  try {
    return use(new Drawing(svg, { ...options, font }));
  } catch (cause) {
    throw new ArgumentError(`svg cannot be drawn: ${(cause as Error).message}`, {}, { cause });
  }
}

/**
 * An SVG text as PNG bytes. In Node: a page draws the SVG on a canvas.
 * @throws ArgumentError for a text that is no SVG and for options out of range; UnsupportedError without the package
 * @resvg/resvg-js, and in pages.
 */
export function svgToPng(svg: string, options: PngOptions = {}): Promise<Uint8Array> {
  return atDoor('svgToPng', async () => {
    text.parse(svg, 'svg');
    const { width, fontFiles } = parseOptions(options, PNG);
    if (host.isPage) throw new UnsupportedError('a page makes a PNG by drawing the SVG on a canvas', {});
    const fitTo = { mode: 'width', value: width } as const;
    return draw(svg, fontFiles, 'a PNG', { fitTo }, (drawing) => drawing.render().asPng());
  });
}

/** As much of PDFKit as one page takes. */
interface PdfDocument extends AsyncIterable<Uint8Array> {
  end(): void;
}
interface PdfKit {
  default: new (options: { size: [number, number]; margin: number; info: { CreationDate: Date } }) => PdfDocument;
}
interface SvgToPdfKit {
  default: (document: PdfDocument, svg: string, x: number, y: number) => void;
}

/** Points of a PDF in a pixel of CSS: text of 12 pixels is one of 9 points. */
const POINTS = 0.75;

/**
 * An SVG text as the bytes of a PDF of one page: curves stay curves, and text is drawn as outlines, so that no reader needs
 * its fonts. The same SVG and fonts give the same bytes. In Node: a page prints.
 *
 * @example
 * await writeFile('spectrum.pdf', await svgToPdf(await figureSvg(analysis, 'spectrum')));
 * @throws ArgumentError for a text that is no SVG and for options out of range; UnsupportedError without the packages
 * @resvg/resvg-js, pdfkit and svg-to-pdfkit, and in pages.
 */
export function svgToPdf(svg: string, options: PdfOptions = {}): Promise<Uint8Array> {
  return atDoor('svgToPdf', async () => {
    text.parse(svg, 'svg');
    const { fontFiles } = parseOptions(options, PDF);
    if (host.isPage) throw new UnsupportedError('a page makes a PDF by printing the SVG', {});
    const load = (name: string): Promise<unknown> => host.importPackage(name).catch(missing(name, 'a PDF'));
    const { default: Document } = (await load('pdfkit')) as PdfKit;
    const { default: drawOn } = (await load('svg-to-pdfkit')) as SvgToPdfKit;
    const { outlines, size } = await draw(svg, fontFiles, 'a PDF', {}, (drawing) => ({
      outlines: drawing.toString(),
      size: [POINTS * drawing.width, POINTS * drawing.height] as [number, number],
    }));
    const document = new Document({ size, margin: 0, info: { CreationDate: new Date(0) } });
    drawOn(document, outlines, 0, 0);
    document.end();
    const parts: Uint8Array[] = [];
    for await (const part of document) parts.push(part);
    return concatenateBytes(parts);
  });
}
