/** The networks of @vladmandic/face-api: weights in files, and code that runs them, which is a function of tensors here. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';

/** Networks that the package has weights of, with the width of their square images: where they take any, a small one. */
export const FACE_API_NETS = {
  ageGenderNet: 112,
  faceExpressionNet: 112,
  faceLandmark68Net: 112,
  faceLandmark68TinyNet: 112,
  faceRecognitionNet: 150,
  ssdMobilenetv1: 512,
  tinyFaceDetector: 128,
} as const;

interface Net {
  readonly faceFeatureExtractor?: Net;
  loadFromDisk(directory: string): Promise<void>;
  /** Makes variables of the weights. */
  variable(): void;
  getTrainableParams(): { tensor: Variable }[];
  forwardInput(input: unknown, size: number): unknown;
}

/** The network as a function of images [1, width, width, 3] of numbers between 0 and 255, and its weights. */
export async function loadNet(
  directory: string,
  name: keyof typeof FACE_API_NETS,
): Promise<{ model: (image: Tensor) => unknown; parameters: Variable[] }> {
  const { nets, NetInput } = createRequire(join(directory, 'package.json'))('./dist/face-api.node-wasm.js') as {
    nets: Record<string, Net>;
    NetInput: new (images: Tensor[]) => unknown;
  };
  const net = nets[name]!;
  await net.loadFromDisk(join(directory, 'model'));
  const parts = net.faceFeatureExtractor ? [net.faceFeatureExtractor, net] : [net];
  for (const part of parts) part.variable();
  return {
    model: (image) => net.forwardInput(new NetInput([image]), FACE_API_NETS[name]),
    parameters: parts.flatMap((part) => part.getTrainableParams().map(({ tensor }) => tensor)),
  };
}
