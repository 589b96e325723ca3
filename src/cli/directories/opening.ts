/** Opens the directory of a command, with the operator that it is measured with. */
import { ArgumentError } from '../../core/errors.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import { parseSketchCall, parseSketchOptions, type SketchCall } from '../../seigh/options.ts';
import { refuseOtherPlan } from '../../store/directory.ts';
import { refuseFullDisk } from '../../store/disk.ts';
import { costOf } from '../../store/sketch/cost.ts';
import { descriptionPath, type SketchDirectory } from '../../store/sketch/directory.ts';
import type { StoredPlan } from '../../store/sketch/plan.ts';
import { existingSketch, openSketch, requestOf } from '../../store/sketch/seigh.ts';
import { pick } from '../command.ts';
import { absolute, givenSource, type OperatorSource, operatorOf, originOf } from '../operator-source.ts';
import { FORCE, SKETCH_CHOICES } from '../storing.ts';
import { rememberedSource } from './remembered.ts';

type Given = Readonly<Record<string, unknown>>;

/** A plan in the words of the options. */
function optionsOf({ method, testMatrix, seed, blockSize, rank, which, own }: StoredPlan): Given {
  return { method, testMatrix, seed, blockSize, which, ...(rank === 0 ? {} : { rank }), ...own };
}

/** What was asked of a directory: options as `seigh` takes them, checked before the operator is loaded. */
interface Asked {
  dims: number;
  options: Given;
}

/**
 * The options that were given, completed by those of a directory that is there.
 * @throws ArgumentError for options out of range or without --dims, StoreError for another method than the directory's.
 */
export function askedOf(given: Given, path: string, existing?: SketchDirectory): Asked {
  const choices = { ...pick(given, SKETCH_CHOICES), store: path };
  const dims = (given.dims as number | undefined) ?? existing?.plan.dims;
  if (dims === undefined) throw new ArgumentError('--dims is needed for a new directory', { option: 'dims' });
  parseSketchOptions(choices, { dims });
  if (!existing || given.dims !== undefined) return { dims, options: choices };
  const { plan } = existing;
  refuseOtherPlan(descriptionPath(existing), plan, { method: given.method ?? plan.method } as Partial<StoredPlan>);
  return { dims, options: { ...optionsOf(plan), ...choices } };
}

/**
 * Where the operator comes from: what was given or, where that is said, what the directory remembers. Whoever can write to a
 * directory could else have any program run, or any model loaded.
 * @throws ArgumentError for none, and for one that the directory remembers and nobody has said to trust.
 */
function sourceFor(given: Given, existing: SketchDirectory | undefined): OperatorSource {
  const source = givenSource(given);
  if (source !== undefined) return source;
  const remembered = existing && rememberedSource(existing);
  if (remembered === undefined) throw new ArgumentError('--operator or --model is needed', { option: 'operator' });
  if (given.trust === true) return remembered;
  const { path, origin } = existing!;
  const { operator, problem } = origin;
  const said =
    problem === undefined
      ? `${operator}, which would be run: give --operator FILE, or --trust to run that one`
      : `the model ${operator} and the data ${problem.data}, which would be loaded (a model.json executes no code): give ` +
        '--model, --data and --labels, or --trust to load those';
  throw new ArgumentError(`${path} says that its operator is made by ${said}`, { option: 'operator', remembered });
}

/** A directory and the operator that it is measured with. */
export interface OpenedRun {
  directory: SketchDirectory;
  op: LinearOperator;
  /** What makes the operator, with paths that hold from everywhere. */
  source: OperatorSource;
}

/**
 * Opens the directory of a command with its operator, the given one or, with `--trust`, the one that it remembers, and makes it
 * where there is none. Options that are given must be those that the directory was made with.
 * @throws ArgumentError for options that are missing or out of range, before the operator is loaded; StoreError as
 * `openSketch`, and for a disk that is too small.
 */
export async function openRun(path: string, given: Given): Promise<OpenedRun> {
  const existing = await existingSketch(path);
  const asked = askedOf(given, path, existing);
  // before the file of an operator, which may change the working directory, is run
  const source = absolute(sourceFor(given, existing));
  const op = await operatorOf(source);
  const call: SketchCall = parseSketchCall(op, asked.dims, asked.options);
  const request = await requestOf(call, originOf(source));
  if (!existing && !given.force) {
    await refuseFullDisk(path, costOf(request.plan).bytes, FORCE);
  }
  const directory = await openSketch(path, op, call.settings.memory, request);
  return { op, directory, source };
}
