/** Models from disk: model.json with its shards, as TensorFlow.js and its converter write them. */

import { io } from '@tensorflow/tfjs-core';
import { host } from '#host';
import { atDoor } from '../../core/door.ts';
import { StoreError, UnsupportedError } from '../../core/errors.ts';
import { text } from '../../core/parse.ts';
import { importOrExplain } from '../backends/packages.ts';
import type { GraphModelLike } from '../problem/graph-model.ts';
import type { LayersModelLike } from '../problem/layers-model.ts';

/** The directory of a file, in the words of any system. */
const directoryOf = (file: string): string => (/[\\/]/.test(file) ? file.replace(/[\\/][^\\/]*$/, '') || '/' : '.');

/** A group of weights and the files that hold its bytes, one after the other. */
type Group = io.WeightsManifestConfig[number];

/** Bytes of an element as it is stored. Strings have lengths of their own. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  complex64: 8,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

/** Bytes of a group by its description; undefined where that does not say. */
function expectedBytes({ weights }: Group): number | undefined {
  let total = 0;
  for (const { shape, dtype, quantization } of weights) {
    const bytes = ELEMENT_BYTES[quantization?.dtype ?? dtype];
    if (bytes === undefined) return undefined;
    total += bytes * shape.reduce((product, size) => product * size, 1);
  }
  return total;
}

async function readShard(path: string, directory: string): Promise<ArrayBuffer> {
  try {
    const { buffer, byteOffset, byteLength } = await host.readBytes(`${directory}/${path}`);
    return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  } catch (error) {
    const { message } = error as Error;
    throw new StoreError(`cannot read ${path} of the model in ${directory}: ${message}`, { path }, { cause: error });
  }
}

/** @throws StoreError for shards that are missing, cut off or too long */
async function readWeights(manifest: io.WeightsManifestConfig, directory: string): Promise<ArrayBuffer[]> {
  const groups = manifest.map(async (group) => {
    const shards = await Promise.all(group.paths.map((path) => readShard(path, directory)));
    const bytes = shards.reduce((total, { byteLength }) => total + byteLength, 0);
    const expected = expectedBytes(group);
    if (expected !== undefined && bytes !== expected) {
      throw new StoreError(
        `${group.paths.join(', ')} of the model in ${directory} have ${bytes} bytes, and model.json describes ${expected}: a ` +
          'shard is cut off or of another model',
        { bytes, expected },
      );
    }
    return shards;
  });
  return (await Promise.all(groups)).flat();
}

/** What model.json has at its top. */
interface ModelFile extends io.ModelJSON {
  readonly modelTopology: { readonly node?: unknown; readonly model_config?: unknown; readonly class_name?: unknown };
}

const isGroup = (group: Partial<Group> | null): boolean =>
  Array.isArray(group?.paths) &&
  Array.isArray(group.weights) &&
  group.weights.every((each) => typeof each?.name === 'string' && Array.isArray(each.shape));

/** @throws StoreError for what is no model.json */
async function readTopology(path: string): Promise<ModelFile> {
  let parsed: Partial<ModelFile> | null;
  try {
    parsed = JSON.parse(new TextDecoder().decode(await host.readBytes(path))) as Partial<ModelFile> | null;
  } catch (error) {
    throw new StoreError(`cannot read ${path}: ${(error as Error).message}`, { path }, { cause: error });
  }
  const { modelTopology, weightsManifest = [] } = parsed ?? {};
  if (typeof modelTopology !== 'object' || modelTopology === null || !Array.isArray(weightsManifest)) {
    throw new StoreError(`${path} is no model of TensorFlow.js: it has no modelTopology and weightsManifest`, { path });
  }
  const broken = weightsManifest.findIndex((group) => !isGroup(group));
  if (broken >= 0) {
    throw new StoreError(
      `${path} is damaged: weightsManifest[${broken}] has no paths, or weights without name and shape. Save or convert the model again`,
      { path },
    );
  }
  return parsed as ModelFile;
}

function handlerOf(file: ModelFile, directory: string): io.IOHandler {
  return {
    load: () =>
      io.getModelArtifactsForJSON(file, async (manifest) => [
        io.getWeightSpecs(manifest),
        await readWeights(manifest, directory),
      ]),
  };
}

async function loaderOf(path: string, { format, modelTopology }: ModelFile): Promise<(from: io.IOHandler) => unknown> {
  const isGraph = format === 'graph-model' || (format === undefined && Array.isArray(modelTopology.node));
  const [module, name] = isGraph
    ? (['@tensorflow/tfjs-converter', 'loadGraphModel'] as const)
    : (['@tensorflow/tfjs-layers', 'loadLayersModel'] as const);
  if (!isGraph && format !== undefined && format !== 'layers-model') {
    throw new UnsupportedError(
      `${path} is a model of the format '${format}'; 'layers-model' and 'graph-model' can be read`,
      {
        format,
      },
    );
  }
  const { exports } = await importOrExplain('models from disk', ['@tensorflow/tfjs', module], '@tensorflow/tfjs');
  return (exports as Record<typeof name, (from: io.IOHandler) => unknown>)[name];
}

/**
 * The model in `path` (a model.json, or a directory that has one) with the weights in its shards, quantised or not, as a
 * tf.LayersModel or tf.GraphModel, whichever it is. For Node, where plain @tensorflow/tfjs reads no files.
 *
 * @example
 * const model = await loadModel('mobilenet/model.json');
 * const H = hessian({ model, loss: 'softmaxCrossEntropy', data });
 * @throws StoreError for files that are missing, cut off or no model; UnsupportedError where @tensorflow/tfjs is not
 * installed, and for a model with kernels or layers that it does not know
 */
export function loadModel(path: string): Promise<LayersModelLike | GraphModelLike> {
  return atDoor('loadModel', async () => {
    text.parse(path, 'path');
    if (host.isDirectory === undefined) {
      throw new UnsupportedError('a page loads models by tf.loadLayersModel(url) and tf.loadGraphModel(url)', { path });
    }
    const file = (await host.isDirectory(path)) ? `${path.replace(/[\\/]+$/, '')}/model.json` : path;
    const description = await readTopology(file);
    const load = await loaderOf(file, description);
    const handler = handlerOf(description, directoryOf(file));
    try {
      return (await load(handler)) as LayersModelLike | GraphModelLike;
    } catch (error) {
      if (error instanceof StoreError) throw error;
      // What TensorFlow.js does not expect it does not check.
      const isUnexpected = (error as Error | undefined)?.constructor?.name === 'TypeError';
      throw new UnsupportedError(
        `TensorFlow.js cannot make the model in ${file}: ${(error as Error).message}${
          isUnexpected ? '. The file is damaged or not of the format that it says; save or convert the model again' : ''
        }`,
        { path: file },
        { cause: error },
      );
    }
  });
}
