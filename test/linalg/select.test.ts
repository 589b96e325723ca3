/** Choosing a provider: by name, by environment, and what happens when it does not work. */
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { command } from '../support/command.ts';
import { expect, test } from '../support/jest.ts';

const script = (body: string): string =>
  `import { diagonalOperator, seigh } from 'eigensketch';
   const run = (kernels) => seigh(diagonalOperator([3, 2, 1]), 2, { kernels });
   ${body}`;

async function inProcess(body: string, env: Record<string, string>): Promise<{ stdout: string; stderr: string }> {
  const settings = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  return command('env', [...settings, process.execPath, '--input-type=module', '-e', script(body)]);
}

test.each(['js', 'wasm'] as const)('%s is what it says', async (choice) => {
  expect((await selectKernels(choice)).name).toMatch(new RegExp(`^${choice}`));
});

test('the environment decides where the caller does not', async () => {
  const body = "console.log((await run()).kernels, (await run('wasm')).kernels.slice(0, 4));";
  const { stdout } = await inProcess(body, { EIGENSKETCH_KERNELS: 'js' });
  expect(stdout.trim()).toBe('js wasm');
});

test('a name that does not exist is refused, also one from the environment', async () => {
  await expect(selectKernels('cuda' as never)).rejects.toThrow(
    "kernels must be one of 'auto', 'native', 'wasm', 'js', 'device', got 'cuda'",
  );
  const { stdout } = await inProcess('await run().catch((e) => console.log(e.message));', {
    EIGENSKETCH_KERNELS: 'fast',
  });
  expect(stdout).toContain("EIGENSKETCH_KERNELS must be one of 'auto', 'native', 'wasm', 'js', 'device', got 'fast'");
});

test('a library that is none: auto goes on with wasm and says why, native is refused with the reason', async () => {
  const env = { EIGENSKETCH_BLAS: '/etc/hostname' };
  const automatic = await inProcess('console.log((await run()).kernels);', env);
  expect(automatic.stdout).toMatch(/^wasm \(\d+ threads?\)/);
  expect(automatic.stderr).toContain('EIGENSKETCH_BLAS is not used: ');
  expect(automatic.stderr).toContain('/etc/hostname');
  const asked = await inProcess("await run('native').catch((e) => console.log(e.code, e.message));", env);
  expect(asked.stdout).toMatch(/^UNSUPPORTED seigh: kernels 'native' cannot be used: .*\/etc\/hostname/);
});

test("'device' without one says what to call", async () => {
  await expect(selectKernels('device')).rejects.toThrow(
    "kernels 'device' need a GPU in use; call useBackend('webgpu') first",
  );
});
