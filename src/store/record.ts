/** Who did what: every file says which process of which machine made it, with what, and how long that took. */
import { arch, cpus, hostname, platform } from 'node:os';
import process from 'node:process';
import type { Attributes } from '../hdf5/messages.ts';
import type { LinearOperator } from '../linops/operator.ts';

/** What computes. */
export interface Worker {
  /** 'i/m' */
  shard: string;
  /** Dense kernel provider. */
  kernels: string;
  /** What makes the operator's products, where the operator says it. */
  backend: string;
}

/** How one file came to be. */
export interface WorkRecord extends Worker {
  host: string;
  pid: number;
  machine: string;
  node: string;
  /** Seconds of computing, without the writing. */
  seconds: number;
  /** ISO 8601. */
  finished: string;
}

export function workerOf(op: LinearOperator, kernels: string, shard: string): Worker {
  return { shard, kernels, backend: op.backend ?? '' };
}

/** The record of work that took `seconds` and ends now. */
export function recordWork(worker: Worker, seconds: number): WorkRecord {
  return {
    ...worker,
    host: hostname(),
    pid: process.pid,
    machine: `${platform()} ${arch()}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    node: process.version,
    seconds,
    finished: new Date().toISOString(),
  };
}

export const recordAttributes = (record: WorkRecord): Attributes => ({ ...record });

const text = (value: number | string | undefined): string => (value === undefined ? '' : String(value));

/** The record among the attributes of a file. */
export function recordFrom(attributes: Attributes): WorkRecord {
  const { shard, kernels, backend, host, pid, machine, node, seconds, finished } = attributes;
  return {
    shard: text(shard),
    kernels: text(kernels),
    backend: text(backend),
    host: text(host),
    pid: Number(pid),
    machine: text(machine),
    node: text(node),
    seconds: Number(seconds),
    finished: text(finished),
  };
}
