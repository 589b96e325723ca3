import { hostSpace } from '../../src/multivector/host.ts';
import { multivectorLaws } from '../laws/multivector.ts';

multivectorLaws('in memory', hostSpace);
