/** The steps of a method in memory: products and bases, each given back as soon as no later step reads it. */
import type { LinearOperator } from '../linops/operator.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import { measure, measureTestMatrix } from '../sketch/measure.ts';
import type { TestMatrix } from '../sketch/test-matrix.ts';
import {
  innerMatrix,
  type Measured,
  type MeasuredStage,
  type Measurement,
  outerMatrix,
  type Run,
  type Sketch,
  type Stage,
  type Stages,
} from './method.ts';

/** The test matrix of a stage that multiplies one. */
export function testMatrixOf(sketch: Sketch, { input, cols }: MeasuredStage): TestMatrix {
  return input === 'inner' ? innerMatrix(sketch, cols) : outerMatrix(sketch);
}

const readsFrom = (stage: Stage): string | undefined => {
  if (stage.kind === 'basis') return stage.from;
  return typeof stage.input === 'string' ? undefined : stage.input.basis;
};

/**
 * Does the steps one after the other.
 * @param operatorFor the operator that a stage multiplies its basis with, where that is not the run's own
 */
export async function measureStages(
  run: Run,
  { steps, recoveredFrom }: Stages,
  operatorFor: (stage: MeasuredStage, basis: Multivector) => LinearOperator = () => run.op,
): Promise<Measurement<Measured>> {
  const { space } = run;
  const made = new Map<string, Multivector>();
  let ofFirst: Measured['T'];
  let numMatvecs = 0;
  let sketchedAt = performance.now();
  for (const [at, stage] of steps.entries()) {
    if (stage.kind === 'basis') {
      const { basis, T, dropped } = await orthonormalise(made.get(stage.from)!, space, run);
      // what it holds is as large as some cores, and is of no use otherwise
      if (dropped === 0) ofFirst ??= T;
      made.set(stage.name, basis);
    } else if (typeof stage.input === 'string') {
      const Omega = testMatrixOf(run, stage);
      made.set(stage.name, await measureTestMatrix(run.op, Omega, { ...run, stage: 'sketch' }));
      numMatvecs += Omega.cols;
      sketchedAt = performance.now();
    } else {
      const Q = made.get(stage.input.basis)!;
      const op = operatorFor(stage, Q);
      made.set(stage.name, await measure(op, Q, { ...run, stage: 'recovery' }));
      numMatvecs += Q.cols;
    }
    const needed = new Set([...recoveredFrom, ...steps.slice(at + 1).map(readsFrom)]);
    for (const [name, X] of made) {
      if (needed.has(name)) continue;
      made.delete(name);
      await space.release(X);
    }
  }
  return { measured: { blocks: recoveredFrom.map((name) => made.get(name)!), T: ofFirst }, numMatvecs, sketchedAt };
}
