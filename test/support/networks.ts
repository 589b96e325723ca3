/** The reference networks with their exact derivatives, from the files in test/reference. */
import { type Reference, readReference } from './reference.ts';
import { type NetworkOfReference, networkOf } from './reference-networks.ts';

export { NETWORK_NAMES } from './reference-networks.ts';

/** A network with its data and exact derivatives. */
export interface Network extends NetworkOfReference {
  name: string;
  reference: Reference;
}

/** Builds a network on the current backend. */
export async function buildNetwork(name: string): Promise<Network> {
  const reference = await readReference(name);
  return { name, reference, ...networkOf(name, reference) };
}
