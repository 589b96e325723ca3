/** The analysis of a finished sketch directory. */
import { selectKernels } from '../linalg/kernels/select.ts';
import { type Analysis, analysisOf } from '../report/analysis.ts';
import { toJson, toMarkdown } from '../report/tables.ts';
import { loadCertificate } from '../store/sketch/certificate.ts';
import type { SketchDirectory } from '../store/sketch/directory.ts';
import { derivedRecord } from '../store/sketch/progress.ts';
import { loadResult } from '../store/sketch/result.ts';
import { RESULT } from '../store/sketch/stages.ts';
import { operatorName } from './operator-file.ts';

/** Result and certificate of a directory, with the machine, date and versions of those who made them. */
export async function storedAnalysis(directory: SketchDirectory): Promise<Analysis> {
  const result = await loadResult(directory, await selectKernels());
  const certificate = await loadCertificate(directory);
  const { operator, version } = directory.origin;
  const { machine, node, finished } = await derivedRecord(directory, RESULT);
  const analysis = analysisOf({
    operator: operator === '' ? directory.path : operatorName(operator),
    result,
    certificate,
    date: new Date(finished),
  });
  await result.eigenvectors.space.release(result.eigenvectors);
  const provenance = { ...analysis.provenance, machine, versions: { eigensketch: version, node } };
  return { ...analysis, provenance };
}

/** Prints the analysis of a directory. */
export async function deliverStored(directory: SketchDirectory, json: boolean): Promise<void> {
  const analysis = await storedAnalysis(directory);
  process.stdout.write(json ? toJson(analysis) : toMarkdown(analysis));
}
