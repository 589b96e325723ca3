/** What Jest asks an environment for, where tests run as a plain module of Node and not in a virtual machine. */
import { ModuleMocker } from 'jest-mock';

export default class PlainEnvironment {
  global: typeof globalThis = globalThis;
  moduleMocker: ModuleMocker = new ModuleMocker(globalThis);

  async setup(): Promise<void> {}

  async teardown(): Promise<void> {}

  getVmContext(): null {
    return null;
  }
}
