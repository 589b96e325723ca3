/** The certificate of a stored result: its files, and what they say of themselves. */
import { join } from 'node:path';
import type { Certificate } from '../apost/certificate.ts';
import type { ApostOptions } from '../apost/options.ts';
import { readCertificate } from '../apost/read-certificate.ts';
import type { Attributes } from '../hdf5/messages.ts';
import { replaceFile } from '../hdf5/temporary.ts';
import { blockName, readJsonFile } from './directory.ts';
import { CERTIFICATE } from './folders.ts';
import { checkIdentity } from './identity.ts';

export const certificatePath = ({ path }: Pick<Certified, 'path'>): string => join(path, 'certificate.json');

/** The file of one block of test products. */
export const testProductsPath = ({ path }: Pick<Certified, 'path'>, block: number): string =>
  join(path, CERTIFICATE, blockName(block));

/** What it says of itself, beside the checksum of the columns that were multiplied: `input`. */
export const testProductsIdentity = (directory: Certified, block: number): Attributes => ({
  ...ofRun(directory),
  stage: CERTIFICATE,
  file: block,
});

/** What of a directory a certificate depends on. */
export interface Certified {
  path: string;
  /** Name of the run; undefined in directories from before files had it. */
  run: string | undefined;
}

/** What names the run of a file. */
export const ofRun = ({ run }: Certified): Attributes => (run === undefined ? {} : { run });

/** The certificate of a directory, if it has one. @throws StoreError for one that cannot be read, or of another run. */
export async function loadCertificate(directory: Certified): Promise<Certificate | undefined> {
  const file = certificatePath(directory);
  const value = await readJsonFile(file);
  if (value === undefined) return undefined;
  const { run, ...certificate } = (value ?? {}) as Record<string, unknown>;
  const read = readCertificate(`${file}: the certificate`, certificate);
  const attributes = typeof run === 'string' ? { run } : {};
  checkIdentity(file, attributes, ofRun(directory), ', or remove it to make it again');
  return read;
}

/** Whether a certificate is what these options ask for; what they leave open it may have either way. */
export function isAsAsked(
  certificate: Certificate | undefined,
  { tests, confidence }: Pick<ApostOptions, 'tests' | 'confidence'>,
): boolean {
  if (!certificate || certificate.tests !== tests) return false;
  return confidence === undefined || certificate.confidence === confidence;
}

export function saveCertificate(directory: Certified, certificate: Certificate): Promise<void> {
  const text = JSON.stringify({ ...ofRun(directory), ...certificate }, null, 2);
  return replaceFile(certificatePath(directory), (handle) => handle.writeFile(`${text}\n`));
}
