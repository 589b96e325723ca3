/** Losses as users have them: functions of (outputs, y), members of tf.losses and tf.metrics, names, a compiled model's own. */
import { addN, cast, div, losses, mean, oneHot, sum, Tensor } from '@tensorflow/tfjs-core';
import { ArgumentError, ShapeError } from '../../core/errors.ts';
import { nearest, show } from '../../core/parse.ts';
import { tensorsIn } from './containers.ts';

/** A loss as a function of the model's outputs and the batch's y. */
export type LossFunction = (outputs: unknown, y: unknown) => Tensor;

/** Members of tf.losses that `loss` may name: means over all numbers of the batch, for 'softmaxCrossEntropy' over its samples. */
export type LossName =
  | 'softmaxCrossEntropy'
  | 'sigmoidCrossEntropy'
  | 'meanSquaredError'
  | 'absoluteDifference'
  | 'huberLoss'
  | 'logLoss'
  | 'hingeLoss'
  | 'cosineDistance';

type LabelsFirst = (labels: Tensor, outputs: Tensor) => Tensor;

/** Labels that are classes as rows of zeros with a one. */
function asRows(labels: Tensor, outputs: Tensor): Tensor {
  const areClasses = labels.rank === outputs.rank - 1;
  if (!areClasses) return labels;
  const rows = oneHot(cast(labels, 'int32'), outputs.shape.at(-1)!, 1, 0, 'float32');
  // What is no class has a row of zeros: its loss is then NaN, and refused, rather than 0.
  return div(rows, sum(rows, -1, true));
}

const BY_NAME: Readonly<Record<LossName, LabelsFirst>> = {
  softmaxCrossEntropy: (labels, outputs) => losses.softmaxCrossEntropy(asRows(labels, outputs), outputs),
  sigmoidCrossEntropy: (labels, outputs) => losses.sigmoidCrossEntropy(labels, outputs),
  meanSquaredError: (labels, outputs) => losses.meanSquaredError(labels, outputs),
  absoluteDifference: (labels, outputs) => losses.absoluteDifference(labels, outputs),
  huberLoss: (labels, outputs) => losses.huberLoss(labels, outputs),
  logLoss: (labels, outputs) => losses.logLoss(labels, outputs),
  hingeLoss: (labels, outputs) => losses.hingeLoss(labels, outputs),
  cosineDistance: (labels, outputs) => losses.cosineDistance(labels, outputs, outputs.rank - 1),
};

/** @throws ShapeError for labels that a member of tf.losses cannot compare with the outputs */
function named(name: LossName): LabelsFirst {
  const takesClasses = name === 'softmaxCrossEntropy';
  return (labels, outputs) => {
    const [y, shape] = [labels.shape.join(', '), outputs.shape.join(', ')];
    const classes = outputs.shape.slice(0, -1).join(', ');
    if (y === shape || (takesClasses && y === classes)) return BY_NAME[name](labels, outputs);
    throw new ShapeError(
      `loss '${name}' compares outputs [${shape}] with y of the same shape${takesClasses ? ` or classes [${classes}]` : ''}, ` +
        `got y [${y}]; mend the labels, or pass a function (outputs, y) -> scalar`,
      { outputs: outputs.shape, y: labels.shape },
    );
  };
}

/** The names that `loss` may be. */
export const LOSS_NAMES = Object.keys(BY_NAME) as readonly LossName[];

/** The first two parameters of a function, as far as its source tells. */
function parametersOf(f: unknown): readonly [string, string] | undefined {
  const found = /^(?:function\b[^(]*|[\w$]+\s*)?\(\s*([\w$]+)[^,()]*,\s*([\w$]+)/.exec(String(f));
  return found ? [found[1]!, found[2]!] : undefined;
}

/** @throws ArgumentError unless there is one tensor */
function oneTensor(name: string, container: unknown): Tensor {
  if (container instanceof Tensor) return container;
  const found = tensorsIn(container);
  if (found.length === 1) return found[0]!.tensor;
  throw new ArgumentError(
    `a named loss compares one tensor with one, and ${name} has ${found.length}; pass a function (outputs, y) -> scalar`,
    { tensors: found.length },
  );
}

/** A mean over all that a labels-first loss returns: those of tf.metrics and of models return a number for each sample. */
function outputsFirst(loss: LabelsFirst): LossFunction {
  return (outputs, y) => mean(loss(oneTensor('y', y), oneTensor('the model', outputs)));
}

const LABELS = /^(?:y_?true|labels?|targets?)$/i;
const OUTPUTS = /^(?:y_?pred|predictions?|logits|outputs?)$/i;
const KERAS = /^y_?true$/i;

function fromFunction(loss: unknown): LossFunction {
  const member = Object.entries(losses).find(([, each]) => each === loss)?.[0];
  if (member !== undefined) {
    if (Object.hasOwn(BY_NAME, member)) return outputsFirst(named(member as LossName));
    throw new ArgumentError(
      `loss: tf.losses.${member} does not compare outputs with labels; write a function around it`,
      {
        loss: member,
      },
    );
  }
  const [first, second] = parametersOf(loss) ?? ['', ''];
  // As tf.metrics, model.compile and Keras have it.
  if (KERAS.test(first)) return outputsFirst(loss as LabelsFirst);
  if (LABELS.test(first) && OUTPUTS.test(second)) {
    throw new ArgumentError(
      `loss is called as loss(outputs, y), and its parameters are (${first}, ${second}); swap them, or call them ` +
        '(yTrue, yPred) for a function that takes labels first, as those of tf.metrics do',
      { parameters: [first, second] },
    );
  }
  return loss as LossFunction;
}

/**
 * The loss that is meant.
 * @param own the one that the model was compiled with, for a `loss` that is left out
 * @throws ArgumentError for what is no loss, and for a function whose parameters are named as labels and outputs in that order
 */
export function checkLoss(loss: unknown, own: LossFunction | undefined): LossFunction {
  if (typeof loss === 'function') return fromFunction(loss);
  if (typeof loss === 'string' && Object.hasOwn(BY_NAME, loss)) return outputsFirst(named(loss as LossName));
  if (loss === undefined && own) return own;
  const near = typeof loss === 'string' ? nearest(loss, LOSS_NAMES) : undefined;
  throw new ArgumentError(
    `loss must be a function (outputs, y) -> scalar or one of ${LOSS_NAMES.map((name) => `'${name}'`).join(', ')}; only a ` +
      `compiled tf.LayersModel brings its own; got ${show(loss)}${near === undefined ? '' : `; did you mean '${near}'?`}`,
    { loss },
  );
}

/** The part of a compiled tf.LayersModel that is used. */
export interface CompiledLike {
  /** One for each output, labels first. */
  readonly lossFunctions?: readonly LabelsFirst[];
  readonly outputNames?: readonly string[];
}

/** Tensors in the order of the model's outputs: one, a list, or a dictionary by their names. */
function inOrder(name: string, container: unknown, names: readonly string[]): Tensor[] {
  const isDictionary = typeof container === 'object' && !(container instanceof Tensor) && !Array.isArray(container);
  const parts = isDictionary
    ? names.map((each) => (container as Record<string, unknown> | null)?.[each])
    : [container].flat();
  if (parts.length === names.length && parts.every((part) => part instanceof Tensor)) return parts;
  throw new ArgumentError(`${name} must have a tensor for each of the model's outputs ${names.join(', ')}`, {});
}

/** The loss that a model was compiled with, as `fit` computes it but for regularizers; undefined if it was not. */
export function compiledLoss({ lossFunctions, outputNames = [] }: CompiledLike): LossFunction | undefined {
  if (!lossFunctions || lossFunctions.length === 0) return undefined;
  return (outputs, y) => {
    const [predicted, labels] = [inOrder("the model's result", outputs, outputNames), inOrder('y', y, outputNames)];
    return addN(lossFunctions.map((loss, i) => mean(loss(labels[i]!, predicted[i]!))));
  };
}
