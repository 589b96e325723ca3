/** Work in place: the heap of the wasm backend with our kernels in it and, for arithmetic, the machine's BLAS on it. */
import { backend as currentBackend, type Tensor } from '@tensorflow/tfjs-core';
import type { Product } from '../../../../linalg/kernels/native/product.ts';
import { type HeapBackend, type HeapType, heapAddress, uninitialised } from '../heap.ts';
import { nativeProducts } from '../native-products.ts';
import { type Address, type HeapKernels, heapKernels } from './module.ts';

/** C = op(A) op(B) + beta C as of the BLAS, with addresses for arrays and without gaps between rows. */
export interface HeapProduct extends Pick<Product, 'm' | 'n' | 'k' | 'transA' | 'transB' | 'beta'> {
  readonly A: Address;
  readonly B: Address;
  readonly C: Address;
}

/** The heap with what works in it. Memory it hands out is tensors that count in the scope (`tf.tidy`) of the caller. */
export class HeapWork {
  readonly kernels: HeapKernels;
  readonly #backend: HeapBackend;

  constructor(backend: HeapBackend, kernels: HeapKernels) {
    this.#backend = backend;
    this.kernels = kernels;
  }

  /** A tensor to be written. */
  output(shape: readonly number[], dtype?: HeapType): Tensor {
    return uninitialised(this.#backend, shape, dtype);
  }

  /** Memory for some numbers until the scope ends. */
  scratch(numbers: number): Address {
    return this.address(this.output([numbers]));
  }

  address(tensor: Tensor): Address {
    return heapAddress(this.#backend, tensor);
  }

  clear(at: Address, numbers: number): void {
    this.view(at, numbers).fill(0);
  }

  /** Taken anew each time: the heap moves when it grows. */
  protected view(at: Address, numbers: number): Float32Array {
    return this.#backend.wasm.HEAPF32.subarray(at / 4, at / 4 + numbers);
  }
}

/** With matrix products. */
export class HeapArithmetic extends HeapWork {
  readonly #sgemm: (product: Product<Float32Array>) => void;

  constructor(backend: HeapBackend, kernels: HeapKernels, sgemm: (product: Product<Float32Array>) => void) {
    super(backend, kernels);
    this.#sgemm = sgemm;
  }

  multiply({ A, B, C, ...product }: HeapProduct): void {
    const { m, n, k } = product;
    this.#sgemm({ ...product, A: this.view(A, m * k), B: this.view(B, k * n), C: this.view(C, m * n) });
  }
}

/** That of the wasm backend, which is in use; undefined where its heap is not to be had. */
export function heapWork(): HeapWork | undefined {
  const kernels = heapKernels();
  return kernels && new HeapWork(currentBackend() as HeapBackend, kernels);
}

/** The same with products; undefined also where there is no BLAS. */
export function heapArithmetic(): HeapArithmetic | undefined {
  const sgemm = nativeProducts();
  const kernels = sgemm && heapKernels();
  return kernels && new HeapArithmetic(currentBackend() as HeapBackend, kernels, sgemm);
}
