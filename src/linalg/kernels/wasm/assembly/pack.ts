/** Packing: an operand is copied into strips so that the micro-kernel reads memory in order, converting on the way. */

/**
 * Copies an operand of `outer x depth` entries, entry (o, d) of type `In` at `from + o * outerStride + d * depthStride`
 * (bytes), into consecutive strips of `width` outer entries, each strip depth-major, of type `Out`. Entries beyond
 * `outer` in the last strip become zeros.
 */
export function pack<In, Out>(
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
    if (outerStride === sizeof<In>()) packContiguous<In, Out>(start, depthStride, depth, width, into);
    else packStrided<In, Out>(start, outerStride, depthStride, width, width, depth, into);
    into += width * depth * sizeof<Out>();
  }
  if (strip < outer) {
    packStrided<In, Out>(from + strip * outerStride, outerStride, depthStride, outer - strip, width, depth, into);
  }
}

/** One full strip whose outer entries are adjacent; `width` is a multiple of 4. */
export function packContiguous<In, Out>(
  from: usize,
  depthStride: usize,
  depth: usize,
  width: usize,
  into: usize,
): void {
  for (let d: usize = 0; d < depth; d++) {
    for (let w: usize = 0; w < width; w += 4) {
      const at = from + w * sizeof<In>();
      if (sizeof<In>() === sizeof<Out>()) {
        v128.store(into, v128.load(at));
        if (sizeof<In>() === 8) v128.store(into, v128.load(at, 16), 16);
      } else {
        v128.store(into, f64x2.promote_low_f32x4(v128.load64_zero(at)));
        v128.store(into, f64x2.promote_low_f32x4(v128.load64_zero(at, 8)), 16);
      }
      into += 4 * sizeof<Out>();
    }
    from += depthStride;
  }
}

/** One strip of any layout, `count` of its `width` outer entries present. */
export function packStrided<In, Out>(
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
      store<Out>(into, <Out>load<In>(at));
      at += outerStride;
      into += sizeof<Out>();
    }
    for (; w < width; w++) {
      store<Out>(into, 0);
      into += sizeof<Out>();
    }
    from += depthStride;
  }
}
