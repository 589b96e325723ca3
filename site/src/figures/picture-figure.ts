/** What the network makes of its data: a decision surface, a curve through points, or images with their classes. */

import { SIDE } from '../datasets/digits.ts';
import type { Dataset } from '../datasets/index.ts';
import type { Picture } from '../protocol.ts';
import { REACH } from '../reach.ts';

/** Colours of the two classes, light and dark pages alike (Okabe and Ito 2008). */
const CLASS_COLORS = [
  [0, 114, 178],
  [213, 94, 0],
] as const;

const pixelsOf = (canvas: HTMLCanvasElement): number => canvas.width;

/** A grid of scores as an image of as many pixels, which the canvas then enlarges. */
function drawPlane(canvas: HTMLCanvasElement, { side, scores }: Extract<Picture, { kind: 'plane' }>): void {
  const image = new ImageData(side, side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const score = scores[row * side + column]!;
      const color = CLASS_COLORS[score < 0.5 ? 0 : 1];
      const at = 4 * ((side - 1 - row) * side + column);
      image.data.set(color, at);
      image.data[at + 3] = 30 + 300 * Math.abs(score - 0.5);
    }
  }
  const small = new OffscreenCanvas(side, side);
  small.getContext('2d')!.putImageData(image, 0, 0);
  const context = canvas.getContext('2d')!;
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}

function drawPoints(canvas: HTMLCanvasElement, { inputs, classes, samples }: Dataset, background: string): void {
  const context = canvas.getContext('2d')!;
  const size = pixelsOf(canvas);
  const place = (value: number): number => ((value / REACH + 1) / 2) * size;
  context.strokeStyle = background;
  context.lineWidth = size / 250;
  for (let i = 0; i < samples; i++) {
    context.fillStyle = `rgb(${CLASS_COLORS[classes![i] === 1 ? 1 : 0].join(' ')})`;
    context.beginPath();
    const [x, y] = [place(inputs[2 * i]!), size - place(inputs[2 * i + 1]!)];
    if (classes![i] === 1) context.rect(x - size / 85, y - size / 85, size / 42, size / 42);
    else context.arc(x, y, size / 75, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

function drawCurve(
  canvas: HTMLCanvasElement,
  { x, y }: Extract<Picture, { kind: 'curve' }>,
  { inputs, targets, samples }: Dataset,
  color: string,
): void {
  const context = canvas.getContext('2d')!;
  const size = pixelsOf(canvas);
  const across = (value: number): number => ((value / REACH + 1) / 2) * size;
  const up = (value: number): number => size * (0.5 - value / 3.2);
  context.fillStyle = `rgb(${CLASS_COLORS[1].join(' ')} / 0.7)`;
  for (let i = 0; i < samples; i++) {
    context.beginPath();
    context.arc(across(inputs[i]!), up(targets[i]!), size / 110, 0, 2 * Math.PI);
    context.fill();
  }
  context.strokeStyle = color;
  context.lineWidth = size / 150;
  context.beginPath();
  for (const [i, value] of x.entries()) context.lineTo(across(value), up(y[i]!));
  context.stroke();
}

/** Images side by side; those with a wrong class are framed, and the class that they got stands in the corner. */
function drawDigits(
  canvas: HTMLCanvasElement,
  { predicted }: Extract<Picture, { kind: 'classes' }>,
  { inputs, classes }: Dataset,
  color: string,
): void {
  const context = canvas.getContext('2d')!;
  const size = pixelsOf(canvas);
  const across = 10;
  const cell = size / across;
  const image = new ImageData(SIDE, SIDE);
  const small = new OffscreenCanvas(SIDE, SIDE);
  const [red, green, blue] = color.match(/\d+/g)!.map(Number) as [number, number, number];
  context.imageSmoothingEnabled = false;
  context.font = `bold ${cell * 0.3}px system-ui, sans-serif`;
  context.textBaseline = 'bottom';
  for (let i = 0; i < across * across && i < predicted.length; i++) {
    const [left, top] = [(i % across) * cell, Math.floor(i / across) * cell];
    for (let at = 0; at < SIDE * SIDE; at++) {
      image.data.set([red, green, blue, 255 * Math.min(1, Math.max(0, inputs[i * SIDE * SIDE + at]!))], 4 * at);
    }
    small.getContext('2d')!.putImageData(image, 0, 0);
    context.drawImage(small, left + cell * 0.1, top + cell * 0.06, cell * 0.8, cell * 0.8);
    if (predicted[i] === classes![i]) continue;
    context.strokeStyle = context.fillStyle = `rgb(${CLASS_COLORS[1].join(' ')})`;
    context.lineWidth = size / 220;
    context.strokeRect(left + 2, top + 2, cell - 4, cell - 4);
    context.fillText(String(predicted[i]), left + cell * 0.72, top + cell * 0.97);
  }
}

/** Draws, and says in words what can be seen. */
export function drawPicture(
  canvas: HTMLCanvasElement,
  picture: Picture | undefined,
  dataset: Dataset | undefined,
): string {
  const { color, backgroundColor } = getComputedStyle(canvas);
  const context = canvas.getContext('2d')!;
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (picture === undefined || dataset === undefined) return 'no drawing of this data';
  switch (picture.kind) {
    case 'plane':
      drawPlane(canvas, picture);
      drawPoints(canvas, dataset, backgroundColor);
      return 'The class that the network gives to each point of the square, and the samples.';
    case 'curve':
      drawCurve(canvas, picture, dataset, color);
      return 'The network as a function, and the samples.';
    case 'classes': {
      if (dataset.features === SIDE * SIDE) drawDigits(canvas, picture, dataset, color);
      const right = picture.predicted.reduce((count, each, i) => count + (each === dataset.classes![i] ? 1 : 0), 0);
      return `${right} of ${dataset.samples} samples get their class.`;
    }
  }
}
