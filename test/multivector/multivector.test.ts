import { hostSpace } from '../../src/multivector/host.ts';
import { multivectorLaws } from '../laws/multivector.ts';
import { spaceOfPanels } from '../support/panels.ts';

multivectorLaws('in memory', hostSpace);
multivectorLaws('in memory, in several panels', spaceOfPanels);
