/** Models written to disk as TensorFlow.js and its converter write them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { io, LayersModel } from '@tensorflow/tfjs';

/** The bytes of all weights. */
function bytesOf({ weightData = [] }: io.ModelArtifacts): Uint8Array {
  return Uint8Array.from([weightData].flat().flatMap((part) => [...new Uint8Array(part)]));
}

/** Writes model.json and the weights in shards of at most `shardBytes`; returns the path of model.json. */
export async function writeModel(artifacts: io.ModelArtifacts, directory: string, shardBytes = 64): Promise<string> {
  await mkdir(directory, { recursive: true });
  const { weightSpecs, weightData, ...rest } = artifacts;
  const bytes = bytesOf(artifacts);
  const paths: string[] = [];
  for (let at = 0; at < bytes.length; at += shardBytes) {
    paths.push(`group1-shard${paths.length + 1}.bin`);
    await writeFile(join(directory, paths.at(-1)!), bytes.subarray(at, at + shardBytes));
  }
  const path = join(directory, 'model.json');
  await writeFile(path, JSON.stringify({ ...rest, weightsManifest: [{ paths, weights: weightSpecs }] }));
  return path;
}

/** What `model.save` saves. */
export async function artifactsOf(model: LayersModel, config: io.SaveConfig = {}): Promise<io.ModelArtifacts> {
  let saved: io.ModelArtifacts | undefined;
  await model.save(
    {
      save: async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      },
    },
    config,
  );
  return saved!;
}

/** The float weights in bytes, each value v as round((v - min) / scale); what the converter's quantisation writes. */
export function quantised(artifacts: io.ModelArtifacts): io.ModelArtifacts {
  const values = new Float32Array(bytesOf(artifacts).buffer);
  const parts: number[] = [];
  let offset = 0;
  const weightSpecs = artifacts.weightSpecs!.map((spec) => {
    const size = spec.shape.reduce((product, length) => product * length, 1);
    const own = values.subarray(offset, offset + size);
    offset += size;
    const min = Math.min(...own);
    const scale = (Math.max(...own) - min) / 255 || 1;
    parts.push(...Array.from(own, (value) => Math.round((value - min) / scale)));
    return { ...spec, quantization: { dtype: 'uint8' as const, min, scale } };
  });
  return { ...artifacts, weightSpecs, weightData: Uint8Array.from(parts).buffer };
}
