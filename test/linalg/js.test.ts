import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { kernelLaws } from '../laws/kernels.ts';

kernelLaws('js', async () => jsKernels);
