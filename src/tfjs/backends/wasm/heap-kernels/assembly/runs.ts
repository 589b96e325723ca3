/** Runs of float32 numbers: copied, cleared, added. Short ones are common, so no call leaves the module. */

/** Copies `bytes`. The last vector of a run may overlap the one before. */
export function copy(from: usize, into: usize, bytes: usize): void {
  if (bytes < 16) {
    for (let at: usize = 0; at < bytes; at += 4) store<f32>(into + at, load<f32>(from + at));
    return;
  }
  const last = bytes - 16;
  for (let at: usize = 0; at < last; at += 16) v128.store(into + at, v128.load(from + at));
  v128.store(into + last, v128.load(from + last));
}

/** Sets `bytes` to zero. */
export function clear(into: usize, bytes: usize): void {
  const zeros = f32x4.splat(0);
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(into + at, zeros);
  for (; at < bytes; at += 4) store<f32>(into + at, 0);
}

/** Adds `bytes` of numbers. */
export function add(from: usize, into: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(into + at, f32x4.add(v128.load(into + at), v128.load(from + at)));
  for (; at < bytes; at += 4) store<f32>(into + at, load<f32>(into + at) + load<f32>(from + at));
}
