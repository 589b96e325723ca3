/**
 * The product of a sparse matrix in compressed rows with a block of columns: the sums of a piece of a row of the result
 * stay in registers while the row's entries go by, and each of them reads the same piece of one row of the block.
 */
import { barrier, resetTickets, takeTicket } from './team';

/** Rows `first..end` of y = A x, both one column: four entries at a time, whose numbers of x come from all over the memory. */
function multiplyRowsByColumn<T>(
  indptr: usize,
  indices: usize,
  data: usize,
  x: usize,
  y: usize,
  first: usize,
  end: usize,
): void {
  const from = <usize>load<u32>(indptr + first * 4);
  let index = indices + from * 4;
  let entry = data + from * sizeof<T>();
  for (let row = first; row < end; row++) {
    const last = indices + <usize>load<u32>(indptr + row * 4, 4) * 4;
    let sum: T = 0;
    for (; index + 16 <= last; index += 16, entry += 4 * sizeof<T>()) {
      // all four under way before the first is added, in the order of the entries
      const a = load<T>(x + <usize>load<u32>(index) * sizeof<T>());
      const b = load<T>(x + <usize>load<u32>(index, 4) * sizeof<T>());
      const c = load<T>(x + <usize>load<u32>(index, 8) * sizeof<T>());
      const d = load<T>(x + <usize>load<u32>(index, 12) * sizeof<T>());
      sum += load<T>(entry) * a;
      sum += load<T>(entry, sizeof<T>()) * b;
      sum += load<T>(entry, 2 * sizeof<T>()) * c;
      sum += load<T>(entry, 3 * sizeof<T>()) * d;
    }
    for (; index < last; index += 4, entry += sizeof<T>()) {
      sum += load<T>(entry) * load<T>(x + <usize>load<u32>(index) * sizeof<T>());
    }
    store<T>(y + row * sizeof<T>(), sum);
  }
}

/** Rows `first..end` of Y = A X. X and Y: `rowBytes` from row to row, end to end. */
function multiplyRows<T>(
  indptr: usize,
  indices: usize,
  data: usize,
  x: usize,
  y: usize,
  rowBytes: usize,
  first: usize,
  end: usize,
): void {
  for (let row = first; row < end; row++) {
    const from = <usize>load<u32>(indptr + row * 4);
    const to = <usize>load<u32>(indptr + row * 4, 4);
    const out = y + row * rowBytes;
    let c: usize = 0;
    for (; c + 128 <= rowBytes; c += 128) {
      let sum0 = v128.splat<T>(0);
      let sum1 = sum0;
      let sum2 = sum0;
      let sum3 = sum0;
      let sum4 = sum0;
      let sum5 = sum0;
      let sum6 = sum0;
      let sum7 = sum0;
      for (let k = from; k < to; k++) {
        const a = v128.splat<T>(load<T>(data + k * sizeof<T>()));
        const at = x + <usize>load<u32>(indices + k * 4) * rowBytes + c;
        sum0 = v128.add<T>(sum0, v128.mul<T>(a, v128.load(at)));
        sum1 = v128.add<T>(sum1, v128.mul<T>(a, v128.load(at, 16)));
        sum2 = v128.add<T>(sum2, v128.mul<T>(a, v128.load(at, 32)));
        sum3 = v128.add<T>(sum3, v128.mul<T>(a, v128.load(at, 48)));
        sum4 = v128.add<T>(sum4, v128.mul<T>(a, v128.load(at, 64)));
        sum5 = v128.add<T>(sum5, v128.mul<T>(a, v128.load(at, 80)));
        sum6 = v128.add<T>(sum6, v128.mul<T>(a, v128.load(at, 96)));
        sum7 = v128.add<T>(sum7, v128.mul<T>(a, v128.load(at, 112)));
      }
      v128.store(out + c, sum0);
      v128.store(out + c, sum1, 16);
      v128.store(out + c, sum2, 32);
      v128.store(out + c, sum3, 48);
      v128.store(out + c, sum4, 64);
      v128.store(out + c, sum5, 80);
      v128.store(out + c, sum6, 96);
      v128.store(out + c, sum7, 112);
    }
    for (; c + 32 <= rowBytes; c += 32) {
      let sum0 = v128.splat<T>(0);
      let sum1 = sum0;
      for (let k = from; k < to; k++) {
        const a = v128.splat<T>(load<T>(data + k * sizeof<T>()));
        const at = x + <usize>load<u32>(indices + k * 4) * rowBytes + c;
        sum0 = v128.add<T>(sum0, v128.mul<T>(a, v128.load(at)));
        sum1 = v128.add<T>(sum1, v128.mul<T>(a, v128.load(at, 16)));
      }
      v128.store(out + c, sum0);
      v128.store(out + c, sum1, 16);
    }
    for (; c + 16 <= rowBytes; c += 16) {
      let sum = v128.splat<T>(0);
      for (let k = from; k < to; k++) {
        const a = v128.splat<T>(load<T>(data + k * sizeof<T>()));
        sum = v128.add<T>(sum, v128.mul<T>(a, v128.load(x + <usize>load<u32>(indices + k * 4) * rowBytes + c)));
      }
      v128.store(out + c, sum);
    }
    for (; c < rowBytes; c += sizeof<T>()) {
      let sum: T = 0;
      for (let k = from; k < to; k++) {
        const at = x + <usize>load<u32>(indices + k * 4) * rowBytes + c;
        sum += load<T>(data + k * sizeof<T>()) * load<T>(at);
      }
      store<T>(out + c, sum);
    }
  }
}

/**
 * Y = A X, called by every thread of the team. A: rows of `indptr` (u32, one more than rows), `indices` (u32) and `data`;
 * `bounds` (u32, one more than parts): the rows at which a part of the work starts, handed out by ticket. On return the
 * result is complete.
 */
export function csrProduct<T>(
  indptr: usize,
  indices: usize,
  data: usize,
  bounds: usize,
  parts: i32,
  x: usize,
  y: usize,
  rowBytes: usize,
): void {
  resetTickets();
  barrier();
  for (let part = takeTicket(); part < parts; part = takeTicket()) {
    const bound = bounds + <usize>part * 4;
    const first = <usize>load<u32>(bound);
    const end = <usize>load<u32>(bound, 4);
    if (rowBytes === sizeof<T>()) multiplyRowsByColumn<T>(indptr, indices, data, x, y, first, end);
    else multiplyRows<T>(indptr, indices, data, x, y, rowBytes, first, end);
  }
  barrier();
}
