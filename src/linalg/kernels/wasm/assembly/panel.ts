/**
 * One column of the blocked Householder tridiagonalisation (Dongarra, Sorensen & Hammarling 1989; LAPACK's dlatrd), on a
 * matrix that is kept whole and row-major, so that column j of the symmetric matrix is read as row j.
 *
 * Within a panel of columns first, first + 1, ... the trailing matrix is not touched: the matrix meant is
 * A - V W^T - W V^T, with one column of V (reflectors) and of W for each column done. `panel` holds them as rows of
 * length n: `width` rows of V, as many of W, then V again, so that [V, W] and [W, V] both lie in one piece.
 */
import { barrier, shareEnd, shareStart } from './team';
import { addScaled, dot, fourDots, scale } from './vector';

/**
 * Below this norm the entries to be annihilated are taken for zero. The matrix is scaled to largest entry near 1, so
 * that is far below its rounding errors, and squares stay clear of underflow.
 */
const NEGLIGIBLE_SQUARED: f64 = 1e-200;

/**
 * Brings row j up to date and makes the reflector I - tau v v^T that annihilates it beyond the subdiagonal. Then
 * row j holds v from j + 1 on (first entry 1) behind zeros, as it does in the panel; d[j], e[j], tau[j] are set.
 */
export function panelReflector(
  a: usize,
  n: usize,
  panel: usize,
  width: usize,
  first: usize,
  j: usize,
  d: usize,
  e: usize,
  tau: usize,
): void {
  const rowBytes = n * 8;
  const done = j - first;
  const rowFromJ = a + j * rowBytes + j * 8;
  for (let t: usize = 0; t < done; t++) {
    const v = panel + t * rowBytes + j * 8;
    const w = v + width * rowBytes;
    addScaled(rowFromJ, -load<f64>(v), w, n - j);
    addScaled(rowFromJ, -load<f64>(w), v, n - j);
  }
  store<f64>(d + j * 8, load<f64>(rowFromJ));
  const x = rowFromJ + 8;
  const length = n - j - 1;
  const head = load<f64>(x);
  const tail = dot(x + 8, x + 8, length - 1);
  if (tail < NEGLIGIBLE_SQUARED) {
    store<f64>(e + j * 8, head);
    store<f64>(tau + j * 8, 0);
    memory.fill(x, 0, length * 8);
  } else {
    const norm = Math.sqrt(head * head + tail);
    const subdiagonal = head > 0 ? -norm : norm;
    store<f64>(e + j * 8, subdiagonal);
    store<f64>(tau + j * 8, (subdiagonal - head) / subdiagonal);
    scale(x, 1 / (head - subdiagonal), length);
  }
  store<f64>(x, 1);
  memory.fill(a + j * rowBytes, 0, (j + 1) * 8);
  memory.copy(panel + done * rowBytes, a + j * rowBytes, rowBytes);
  memory.copy(panel + (2 * width + done) * rowBytes, a + j * rowBytes, rowBytes);
}

/**
 * Products with the new reflector v, shared out over the team: A v into rows j + 1 .. n of `into`, and v's products
 * with the earlier columns, V^T v and W^T v, into `dots`.
 */
export function panelProducts(
  a: usize,
  n: usize,
  panel: usize,
  width: usize,
  first: usize,
  j: usize,
  into: usize,
  dots: usize,
): void {
  const rowBytes = n * 8;
  const length = n - j - 1;
  const v = a + j * rowBytes + (j + 1) * 8;
  const groups = length / 4;
  const end = j + 1 + shareEnd(groups) * 4;
  for (let row = j + 1 + shareStart(groups) * 4; row < end; row += 4) {
    fourDots(a + row * rowBytes + (j + 1) * 8, rowBytes, v, length, into + row * 8);
  }
  const rest = length - groups * 4;
  const lastRow = n - rest + shareEnd(rest);
  for (let row = n - rest + shareStart(rest); row < lastRow; row++) {
    store<f64>(into + row * 8, dot(a + row * rowBytes + (j + 1) * 8, v, length));
  }
  const done = j - first;
  const lastDot = shareEnd(2 * done);
  for (let t = shareStart(2 * done); t < lastDot; t++) {
    const row = t < done ? t : width + t - done;
    store<f64>(dots + t * 8, dot(panel + row * rowBytes + (j + 1) * 8, v, length));
  }
  barrier();
}

/** The column of W of the new reflector: w = p - (tau/2) (p . v) v with p = tau (A - V W^T - W V^T) v. */
export function panelFinish(
  n: usize,
  panel: usize,
  width: usize,
  first: usize,
  j: usize,
  product: usize,
  dots: usize,
  tau: usize,
): void {
  const rowBytes = n * 8;
  const length = n - j - 1;
  const done = j - first;
  const from = (j + 1) * 8;
  const p = product + from;
  for (let t: usize = 0; t < done; t++) {
    const v = panel + t * rowBytes + from;
    addScaled(p, -load<f64>(dots + (done + t) * 8), v, length);
    addScaled(p, -load<f64>(dots + t * 8), v + width * rowBytes, length);
  }
  const factor = load<f64>(tau + j * 8);
  const v = panel + done * rowBytes + from;
  const w = v + width * rowBytes;
  memory.fill(panel + (width + done) * rowBytes, 0, from);
  scale(p, factor, length);
  memory.copy(w, p, length * 8);
  addScaled(w, -0.5 * factor * dot(p, v, length), v, length);
}
