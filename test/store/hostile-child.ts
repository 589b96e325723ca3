/** Opens the paths it is given by the way that each kind is opened; writes what came of each as a line of JSON. */
import process from 'node:process';
import { loadHdf5 } from '../../src/hdf5/attributes.ts';
import { BlockFile } from '../../src/hdf5/index.ts';
import { readRecordFile } from '../../src/hdf5/record-file.ts';
import { EigensketchError } from '../../src/index.ts';
import { loadCertificate } from '../../src/store/certificate.ts';
import { loadLaunch } from '../../src/store/cluster/launch.ts';
import { openSearchDirectory } from '../../src/store/search/directory.ts';
import { openDirectory, type SketchDirectory } from '../../src/store/sketch/directory.ts';
import { readTests } from '../../src/store/test-vectors.ts';
import { peakBytes } from '../support/peak-memory.ts';

const OPENING: Record<string, (path: string) => Promise<unknown>> = {
  sketch: (path) => openDirectory(path),
  search: openSearchDirectory,
  block: BlockFile.open,
  record: (path) => readRecordFile(path, ['T']),
  certificate: (path) => loadCertificate({ path, run: undefined }),
  launch: (path) => loadLaunch({ path } as SketchDirectory),
  tests: (path) => readTests({ path, run: undefined }),
};

/** What came of one path. */
export interface Outcome {
  code: string;
  message: string;
  /** Of computing: this process's, whatever else the machine does. */
  seconds: number;
  /** Bytes of memory that this process has had at most. */
  peak: number;
}

await loadHdf5();
for (const argument of process.argv.slice(2)) {
  const [kind, path] = argument.split('=') as [string, string];
  const startedAt = process.cpuUsage();
  const error: unknown = await OPENING[kind]!(path).catch((cause: unknown) => cause);
  const { user, system } = process.cpuUsage(startedAt);
  const { code, message } = error instanceof EigensketchError ? error : { code: 'none', message: String(error) };
  const outcome: Outcome = {
    code,
    message,
    seconds: (user + system) / 1e6,
    peak: peakBytes(),
  };
  console.log(JSON.stringify(outcome));
}
