/** The backend in plain JavaScript. */
import { PLAIN, type StartableBackend } from './backend.ts';
import { recordPackage, registerPackage } from './packages.ts';

export const cpu: StartableBackend = {
  ...PLAIN,
  name: 'cpu',
  sharesMemory: true,
  choices: [],
  register: () => registerPackage('cpu'),
  record: () => recordPackage('cpu'),
};
