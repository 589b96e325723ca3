import { hostSpace } from '../../src/multivector/host.ts';
import { orthonormaliseLaws } from '../laws/orthonormalise.ts';
import { spaceOfPanels } from '../support/panels.ts';

orthonormaliseLaws('in memory', hostSpace);
orthonormaliseLaws('in memory, in several panels', spaceOfPanels);
