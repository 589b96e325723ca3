import { hostSpace } from '../../src/multivector/host.ts';
import { orthonormaliseLaws } from '../laws/orthonormalise.ts';

orthonormaliseLaws('in memory', hostSpace);
