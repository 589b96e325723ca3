/** Packing: an operand is copied into strips so that the micro-kernel reads memory in order. */

/**
 * Copies an operand of `outer x depth` entries, entry (o, d) at `from + o * outerStride + d * depthStride`
 * (bytes), into consecutive strips of `width` outer entries, each strip depth-major. Entries beyond
 * `outer` in the last strip become zeros.
 */
export function pack<T>(
  from: usize,
  outerStride: usize,
  depthStride: usize,
  outer: usize,
  depth: usize,
  width: usize,
  into: usize,
): void {
  let strip: usize = 0;
  for (; strip + width <= outer; strip += width) {
    const start = from + strip * outerStride;
    if (outerStride === sizeof<T>()) packContiguous<T>(start, depthStride, depth, width, into);
    else packStrided<T>(start, outerStride, depthStride, width, width, depth, into);
    into += width * depth * sizeof<T>();
  }
  if (strip < outer) {
    packStrided<T>(from + strip * outerStride, outerStride, depthStride, outer - strip, width, depth, into);
  }
}

/** One full strip whose outer entries are adjacent; `width` is a multiple of 4. */
export function packContiguous<T>(from: usize, depthStride: usize, depth: usize, width: usize, into: usize): void {
  for (let d: usize = 0; d < depth; d++) {
    for (let w: usize = 0; w < width; w += 4) {
      const at = from + w * sizeof<T>();
      v128.store(into, v128.load(at));
      if (sizeof<T>() === 8) v128.store(into, v128.load(at, 16), 16);
      into += 4 * sizeof<T>();
    }
    from += depthStride;
  }
}

/** One strip of any layout, `count` of its `width` outer entries present. */
export function packStrided<T>(
  from: usize,
  outerStride: usize,
  depthStride: usize,
  count: usize,
  width: usize,
  depth: usize,
  into: usize,
): void {
  for (let d: usize = 0; d < depth; d++) {
    let at = from;
    let w: usize = 0;
    for (; w < count; w++) {
      store<T>(into, load<T>(at));
      at += outerStride;
      into += sizeof<T>();
    }
    for (; w < width; w++) {
      store<T>(into, 0);
      into += sizeof<T>();
    }
    from += depthStride;
  }
}
