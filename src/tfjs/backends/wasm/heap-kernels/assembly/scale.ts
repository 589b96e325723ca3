/** Multiplying each row by a number of its own. */

/**
 * into [repeats, rows, width] = factors [rows] times x [repeats, rows, width], the same factors for each repeat; `into` may
 * be `x`.
 */
export function scaleRows(factors: usize, x: usize, into: usize, repeats: usize, rows: usize, width: usize): void {
  const whole = width & ~3;
  for (let n: usize = 0; n < repeats; n++) {
    for (let i: usize = 0; i < rows; i++) {
      const factor = load<f32>(factors + i * 4);
      const factorsOfRow = f32x4.splat(factor);
      let j: usize = 0;
      for (; j < whole; j += 4) v128.store(into + j * 4, f32x4.mul(factorsOfRow, v128.load(x + j * 4)));
      for (; j < width; j++) store<f32>(into + j * 4, factor * load<f32>(x + j * 4));
      x += width * 4;
      into += width * 4;
    }
  }
}
