/** Rules of the full convolutions and their gradients: three products of one trilinear form, each linear in both inputs. */
import type { KernelCall } from '../../tape.ts';
import { saveMet } from '../block-axis.ts';
import type { Rule } from '../rule.ts';
import type { ConvolutionTangents } from './in-place.ts';
import { inPlaceTangents } from './prepare-in-place.ts';
import { composedTangents } from './tangents.ts';
import { type Axis, convolutionPlane, convolutionSpace } from './window.ts';

/** The windows of a call, from the shapes of x and the filter. */
type Windows = (x: readonly number[], filter: readonly number[], attrs: KernelCall['attrs']) => readonly Axis[];

/** Chosen when a block is pushed: products may run elsewhere by then. */
function tangentsOf(axes: readonly Axis[]): ConvolutionTangents {
  return inPlaceTangents(axes) ?? composedTangents(axes);
}

const outputRule =
  (windows: Windows): Rule =>
  (call, save) => {
    const [x, filter] = saveMet(call, save, 'x', 'filter');
    const axes = windows(x.shape, filter.shape, call.attrs);
    return (tangents) => tangentsOf(axes).output(x, filter, tangents.x, tangents.filter);
  };

const inputGradientRule =
  (windows: Windows): Rule =>
  (call, save) => {
    const [dy, filter] = saveMet(call, save, 'dy', 'filter');
    const axes = windows(call.outputs[0].shape, filter.shape, call.attrs);
    return (tangents) => tangentsOf(axes).inputGradient(dy, filter, tangents.dy, tangents.filter);
  };

const filterGradientRule =
  (windows: Windows): Rule =>
  (call, save) => {
    const [x, dy] = saveMet(call, save, 'x', 'dy');
    const axes = windows(x.shape, call.outputs[0].shape, call.attrs);
    return (tangents) => tangentsOf(axes).filterGradient(x, dy, tangents.x, tangents.dy);
  };

/** Rules of the full convolutions. */
export const convolutionRules: Readonly<Record<string, Rule>> = {
  Conv2D: outputRule(convolutionPlane),
  Conv2DBackpropFilter: filterGradientRule(convolutionPlane),
  Conv2DBackpropInput: inputGradientRule(convolutionPlane),
  Conv3D: outputRule(convolutionSpace),
  Conv3DBackpropFilterV2: filterGradientRule(convolutionSpace),
  Conv3DBackpropInputV2: inputGradientRule(convolutionSpace),
};
