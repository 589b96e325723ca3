/** Operators of other processes, served by Node: products, and every way in which the other side can fail. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { type Block, diagonalOperator, type LinearOperator, seigh, sum } from '../../src/index.ts';
import { type RemoteOperator, type RemoteOptions, remoteOperator } from '../../src/remote/index.ts';
import { canShare } from '../../src/remote/shared-memory.ts';
import { checkRefusals } from '../laws/linop.ts';
import { temporaryFolder } from '../store/support.ts';
import { collectGarbage } from '../support/garbage.ts';
import { afterEach, describe, expect, test } from '../support/jest.ts';

const SERVER = resolve('test/remote/fixtures/serve.mjs');
const values = Float64Array.from({ length: 8 }, (_, i) => (i % 2 ? -1 : 1) / (i + 1));
const at = temporaryFolder();

const opened: RemoteOperator[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((op) => op.close()));
});

async function served(behaviour: string, options: Partial<RemoteOptions> = {}, ...rest: string[]) {
  const command = [process.execPath, SERVER, behaviour, ...rest];
  // the flags of this jest process are not the child's business
  const op = await remoteOperator({ command, name: behaviour, env: { NODE_OPTIONS: '' }, ...options });
  opened.push(op);
  return op;
}

/** Entries 1, 2, 3, ..., exact in both types. */
function counted(rows: number, cols: number, dtype: LinearOperator['dtype'] = 'float64'): Block {
  const numbers = Array.from({ length: rows * cols }, (_, i) => i + 1);
  return { rows, cols, data: dtype === 'float32' ? Float32Array.from(numbers) : Float64Array.from(numbers) };
}

const message = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => `${error.name}: ${error.message}`,
  );

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function untilDead(pid: number): Promise<void> {
  for (let wait = 0; isAlive(pid); wait++) {
    if (wait > 200) throw new Error(`process ${pid} lives on`);
    await after(50);
  }
}

/** Where memory can be shared: on Linux with koffi. */
const SHARES = await canShare();
/** Pieces of shared memory that a process has mapped or open. */
function sharedBy(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(/memfd:(eigensketch-\S+)/g);
  return new Set(Array.from(maps, ([, name]) => name)).size;
}

/** For comparisons of large blocks, which Jest's own take a second for. */
const bits = ({ rows, cols, data }: Block): unknown[] => {
  const hash = createHash('sha256').update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return [rows, cols, data.length, hash.digest('hex')];
};

/** The entry of each row, where all in it are the same. */
const rowsOf = ({ rows, cols, data }: Block): (number | undefined)[] =>
  Array.from({ length: rows }, (_, i) => {
    const row = data.subarray(i * cols, (i + 1) * cols);
    return row.every((value) => value === row[0]) ? row[0] : undefined;
  });

describe('products', () => {
  test.each(['good', 'float32'])('of the operator %s are those of this process, bit for bit', async (kind) => {
    const op = await served(kind);
    const own = diagonalOperator(kind === 'good' ? values : Float32Array.from(values));
    const { shape, dtype, selfAdjoint, psd } = op;
    expect({ shape, dtype, selfAdjoint, psd: psd ?? false }).toEqual({
      shape: own.shape,
      dtype: own.dtype,
      selfAdjoint: true,
      psd: false,
    });
    for (const cols of [1, 5]) {
      const X = counted(8, cols, dtype);
      expect(await op.matmat(X)).toEqual(await own.matmat(X));
    }
    const out = counted(8, 5, dtype);
    expect(await op.matmat(counted(8, 5, dtype), out)).toBe(out);
    expect(out).toEqual(await own.matmat(counted(8, 5, dtype)));
  });

  test('asked for together come back each to its own', async () => {
    const op = await served('good');
    const blocks = [3, 1, 7, 2].map((cols) => counted(8, cols));
    const own = diagonalOperator(values);
    const products = await Promise.all(blocks.map((X) => op.matmat(X)));
    expect(products).toEqual(await Promise.all(blocks.map((X) => own.matmat(X))));
  });

  test('with the adjoint of a rectangular operator', async () => {
    const op = await served('tall');
    expect([op.shape, op.selfAdjoint]).toEqual([[3, 2], undefined]);
    expect((await op.matmat({ rows: 2, cols: 1, data: Float64Array.of(1, 10) })).data).toEqual(
      Float64Array.of(1, 10, 21),
    );
    const Y = { rows: 3, cols: 1, data: Float64Array.of(1, 10, 100) };
    expect((await op.adjointMatmat!(Y)).data).toEqual(Float64Array.of(101, 210));
  });

  test('batch by batch, each with its weight', async () => {
    const op = await served('batches');
    const X = counted(8, 2);
    const parts: { index: number; weight: number; first: number }[] = [];
    const total = await op.matmatByBatch!(X, async ({ index, weight, product }) => {
      await after(10);
      parts.push({ index, weight, first: product.data[2]! });
    });
    // row 1 is scaled by -1/2 in one batch and by 1/2 in the other
    expect(parts).toEqual([
      { index: 0, weight: 0.25, first: -1.5 },
      { index: 1, weight: 2, first: 1.5 },
    ]);
    expect(total.data[2]).toBe(0.25 * -1.5 + 2 * 1.5);
    const failing = op.matmatByBatch!(X, () => Promise.reject(new Error('the visitor failed')));
    await expect(failing).rejects.toThrow('the visitor failed');
  });

  test('are not harmed by what the program prints', async () => {
    let printed = '';
    const op = await served('printing', { onOutput: (text) => (printed += text) });
    const X = counted(8, 2);
    expect(await op.matmat(X)).toEqual(await diagonalOperator(values).matmat(X));
    await op.close();
    expect(printed).toBe('made\na product\n');
  });

  test('are the same in shared memory: other widths, adjoints, batches, more at once than it holds', async () => {
    for (const kind of ['good', 'float32']) {
      const op = await served(kind);
      const own = diagonalOperator(kind === 'good' ? values : Float32Array.from(values));
      const check = async (...widths: number[]): Promise<void> => {
        const blocks = widths.map((cols) => counted(8, cols, op.dtype));
        const products = await Promise.all(blocks.map((X) => op.matmat(X)));
        expect(products.map(bits)).toEqual((await Promise.all(blocks.map((X) => own.matmat(X)))).map(bits));
      };
      // memory for the first, which the second fits in and the third does not, and one through pipes
      for (const cols of [3000, 2999, 5000, 1, 3000]) await check(cols);
      await collectGarbage();
      expect(sharedBy(process.pid)).toBe(SHARES ? 1 : 0);
      const out = counted(8, 3000, op.dtype);
      expect(await op.matmat(counted(8, 3000, op.dtype), out)).toBe(out);
      expect(bits(out)).toEqual(bits(await own.matmat(counted(8, 3000, op.dtype))));
      await check(3000, 3001, 2999, 3000, 3002, 3000, 2);
      await collectGarbage();
      expect(sharedBy(process.pid)).toBe(SHARES ? 4 : 0);
      // what it outgrew it gives back later
      expect(sharedBy(op.pid!) >= 4).toBe(SHARES);
      await op.close();
      await collectGarbage();
      expect(sharedBy(process.pid)).toBe(0);
    }
    const tall = await served('tall');
    const X = { rows: 2, cols: 5000, data: new Float64Array(10_000).fill(1) };
    expect(rowsOf(await tall.matmat(X))).toEqual([1, 1, 3]);
    const Y = { rows: 3, cols: 5000, data: new Float64Array(15_000).fill(1) };
    expect(rowsOf(await tall.adjointMatmat!(Y))).toEqual([2, 3]);
    const batches = await served('batches');
    const firsts: number[] = [];
    await batches.matmatByBatch!(counted(8, 3000), ({ product }) => void firsts.push(product.data[3000]!));
    expect(firsts).toEqual([-1500.5, 1500.5]);
    expect(sharedBy(batches.pid!)).toBe(SHARES ? 1 : 0);
  });

  test('with blocks in lent memory go without a copy; one that is asked for twice at once has two answers', async () => {
    if (!SHARES) return;
    const [op, own] = [await served('good'), diagonalOperator(values)];
    const lent = (await op.lend!(5000))!;
    const blocks = (cols: number): [Block, Block] => {
      const X = { rows: 8, cols, data: lent.input.subarray(0, 8 * cols) };
      X.data.set(counted(8, cols).data);
      return [X, { ...X, data: lent.product.subarray(0, 8 * cols) }];
    };
    for (const cols of [5000, 4999]) {
      const [X, out] = blocks(cols);
      expect((await op.matmat(X, out)).data.buffer).toBe(lent.input.buffer);
      expect(bits(out)).toEqual(bits(await own.matmat(X)));
      out.data.fill(0);
      const [first, second] = await Promise.all([op.matmat(X, out), op.matmat(X)]);
      expect([first!.data.buffer === out.data.buffer, second!.data.buffer === out.data.buffer]).toEqual([true, false]);
      expect([first!, second!].map(bits)).toEqual([out, await own.matmat(X)].map(bits));
      expect(bits(second!)).toEqual(bits(out));
    }
    // what the other side of it has lost is a place for numbers all the same
    const [X, out] = blocks(3000);
    process.kill(op.pid!, 'SIGKILL');
    await message(op.matmat(X, out) as Promise<Block>);
    await collectGarbage();
    expect(await op.matmat(X, out)).toBe(out);
    expect(bits(out)).toEqual(bits(await own.matmat(X)));
    lent.giveBack();
    const other = (await op.lend!(5000))!;
    other.giveBack();
    expect(bits(await op.matmat(counted(8, 5000)))).toEqual(bits(await own.matmat(counted(8, 5000))));
    expect((await op.lend!(4999))!.input.buffer).toBe(other.input.buffer);
    expect(await op.lend!(1)).toBeUndefined();
  });

  test('make the same sketch as in this process, bit for bit', async () => {
    const op = await served('good');
    const [remote, own] = [
      await seigh(op, 5, { seed: 3, blockSize: 2 }),
      await seigh(diagonalOperator(values), 5, { seed: 3, blockSize: 2 }),
    ];
    expect(remote.eigenvalues).toEqual(own.eigenvalues);
    expect(remote.backend).toMatch(/^node v/);
  });
});

describe('what goes wrong is named', () => {
  test('an exception of a product, with its stack; serving goes on', async () => {
    const op = await served('throwing');
    expect(await message(op.matmat(counted(8, 3)) as Promise<Block>)).toMatch(
      /^DeviceError: remoteOperator throwing: ReferenceError: noSuchFunction is not defined\n.*serve\.mjs:\d+/,
    );
    expect((await op.matmat(counted(8, 2))).data[0]).toBe(1);
  });

  test('an exception of the function that makes the operator', async () => {
    expect(await message(served('broken'))).toContain('remoteOperator broken: Error: the model file is gone');
  });

  test('NaN and a wrong shape', async () => {
    const nan = (await served('nan')).matmat(counted(8, 2)) as Promise<Block>;
    expect(await message(nan)).toBe(
      'NumericalError: remoteOperator nan: the operator returned NaN in row 2 of column 1 (block of columns 0..1)',
    );
    const wrong = (await served('wrong shape')).matmat(counted(8, 2)) as Promise<Block>;
    expect(await message(wrong)).toBe(
      'ShapeError: remoteOperator wrong shape: product of the operator: expected a 8 x 2 block, got 7 x 2',
    );
  });

  test('a block of another height, before it is sent', async () => {
    const op = await served('good');
    await checkRefusals(op, 'remoteOperator good');
    await expect(op.matmat(counted(7, 2))).rejects.toThrow('remoteOperator good: X: expected a 8 x 2 block, got 7 x 2');
  });

  test('a crash, with the product, the signal and the standard error; the next product starts the program again', async () => {
    const op = await served('crashing', {}, at('crashed'));
    await op.matmat(counted(8, 4));
    const before = op.pid;
    expect(await message(op.matmat(counted(8, 4)) as Promise<Block>)).toBe(
      `DeviceError: remoteOperator crashing: the program (process ${before}) was ended by SIGKILL during a product of 4 ` +
        'columns; its standard error ends with:\nout of memory, said the device',
    );
    expect(op.pid).toBeUndefined();
    expect(await op.matmat(counted(8, 4))).toEqual(await diagonalOperator(values).matmat(counted(8, 4)));
    expect(op.pid).not.toBe(before);
  });

  test('a kill in a product in shared memory, which is given back; the next product starts the program again', async () => {
    const op = await served('good');
    const X = counted(8, 5000);
    process.kill(op.pid!, 'SIGSTOP');
    const product = message(op.matmat(X) as Promise<Block>);
    process.kill(op.pid!, 'SIGKILL');
    expect(await product).toMatch(/was ended by SIGKILL during/);
    await collectGarbage();
    expect(sharedBy(process.pid)).toBe(0);
    expect(bits(await op.matmat(X))).toEqual(bits(await diagonalOperator(values).matmat(X)));
    const again = op.matmat(X);
    process.kill(op.pid!, 'SIGKILL');
    expect(await message(again as Promise<Block>)).toMatch(
      /was ended by SIGKILL during a product of 5000 columns|no error/,
    );
    await collectGarbage();
    expect(sharedBy(process.pid)).toBe(0);
  });

  test('exceptions and NaN of products in shared memory', async () => {
    const nan = await served('nan');
    expect(await message(nan.matmat(counted(8, 5000)) as Promise<Block>)).toContain('NaN in row 0 of column 5');
    expect(sharedBy(nan.pid!)).toBe(SHARES ? 1 : 0);
  });

  test('an exit', async () => {
    const op = await served('leaving');
    expect(await message(op.matmat(counted(8, 1)) as Promise<Block>)).toMatch(
      /^DeviceError: remoteOperator leaving: the program \(process \d+\) ended with exit code 7 during a product of 1 column; it wrote nothing/,
    );
  });

  test('a program that serves something else when it is started again', async () => {
    const op = await served('changing', {}, at('changed'));
    await writeFile(at('changed'), '');
    await message(op.matmat(counted(8, 1)) as Promise<Block>);
    expect(await message(op.matmat(counted(8, 1)) as Promise<Block>)).toBe(
      'ShapeError: remoteOperator changing: the program now serves 3 x 3 float64, before it served 8 x 8 float64',
    );
  });

  test('a hang, after which the program is gone', async () => {
    const op = await served('hanging', { timeout: 3000 });
    const pid = op.pid!;
    expect(await message(op.matmat(counted(8, 2)) as Promise<Block>)).toMatch(
      /^DeviceError: remoteOperator hanging: no word from the program for 3000 ms during a product of 2 columns.*raise timeout/s,
    );
    await untilDead(pid);
  });

  test('an abort: the reason of the signal, and the program is gone', async () => {
    const controller = new AbortController();
    const op = await served('hanging', { signal: controller.signal });
    const pid = op.pid!;
    const product = op.matmat(counted(8, 2)) as Promise<Block>;
    setTimeout(() => controller.abort(new Error('enough')), 100);
    await expect(product).rejects.toThrow('enough');
    await untilDead(pid);
    await expect(op.matmat(counted(8, 2))).rejects.toThrow('enough');
  });

  test('closing: products under way and later ones are refused, and the program is gone', async () => {
    const op = await served('hanging');
    const pid = op.pid!;
    const product = message(op.matmat(counted(8, 2)) as Promise<Block>);
    await after(50);
    await op.close();
    expect(await product).toBe('DeviceError: remoteOperator hanging: the operator was closed');
    expect(isAlive(pid)).toBe(false);
    expect(await message(op.matmat(counted(8, 2)) as Promise<Block>)).toBe(
      'ArgumentError: remoteOperator hanging: the operator was closed',
    );
  });

  const speaking = (text: string): string[] => [
    process.execPath,
    '-e',
    `process.stdout.write(${text}); process.stdin.resume()`,
  ];
  const frame = (header: unknown, magic = 'EIGS', payload = 0): string => {
    const json = JSON.stringify(header);
    return `Buffer.concat([Buffer.from('${magic}'), Buffer.from(Uint32Array.of(${json.length}).buffer), Buffer.from(BigUint64Array.of(${payload}n).buffer), Buffer.from(${JSON.stringify(`${json}\n`)})])`;
  };
  const hello = { type: 'hello', role: 'server', protocol: 1, shape: [8, 8], dtype: 'float64' };

  test.each<[string, Partial<RemoteOptions>, string]>([
    [
      'a program that is not there',
      { command: ['/no/such/program'] },
      "UnsupportedError: remoteOperator it: there is no program '/no/such/program'",
    ],
    [
      'a directory that is not there',
      { command: ['node'], cwd: '/no/such' },
      'StoreError: remoteOperator it: there is no directory /no/such',
    ],
    [
      'text in place of frames',
      { command: ['sh', '-c', 'echo Welcome; cat >/dev/null'] },
      'does not speak the protocol: what it writes to its standard output is no frame (it begins with "Welcome\\n")',
    ],
    ['an echo', { command: ['cat'] }, "the program does not serve an operator: it answered 'hello'"],
    [
      'a program that ends at once',
      { command: ['sh', '-c', 'echo no licence >&2; exit 3'] },
      'ended with exit code 3 during the handshake; its standard error ends with:\nno licence',
    ],
    [
      'a silent program',
      { command: ['sleep', '100'], timeout: 300 },
      'no word from the program for 300 ms during the handshake',
    ],
    [
      'another version',
      { command: speaking(frame({ ...hello, protocol: 2 })) },
      'speaks version 2 of the protocol, this library version 1',
    ],
    [
      'an absurd shape',
      { command: speaking(frame({ ...hello, shape: [8, -1] })) },
      'describes an operator of shape [8,-1]',
    ],
    [
      'an absurd type',
      { command: speaking(frame({ ...hello, dtype: 'complex64' })) },
      'describes an operator of type "complex64"',
    ],
    [
      'an enormous payload',
      { command: speaking(frame(hello, 'EIGS', 2 ** 52)) },
      'does not speak the protocol: its handshake carries numbers',
    ],
    [
      'a header that is no JSON',
      { command: speaking(frame(hello).replace('{', '[')) },
      'the header of a frame is no JSON',
    ],
    ['no command', { command: [] }, 'ArgumentError: remoteOperator: command must be a program and its arguments'],
    [
      'a bad timeout',
      { command: ['cat'], timeout: 0 },
      'ArgumentError: remoteOperator: timeout must be an integer in 1..2147483647, got 0',
    ],
  ])('%s', async (_, options, expected) => {
    expect(await message(remoteOperator({ name: 'it', ...options } as RemoteOptions))).toContain(expected);
  });

  test('an answer of another size is refused before memory is taken for it', async () => {
    const large = { type: 'product', rows: 8, cols: 2 ** 40, dtype: 'float64' };
    // the handshake of the other side takes less than 200 bytes, its block of numbers more
    const answers = `${frame(hello)}); let bytes = 0; process.stdin.on('data', (chunk) => (bytes += chunk.length) > 200 && process.stdout.write(${frame(large, 'EIGS', 2 ** 46)})`;
    const op = await remoteOperator({ command: speaking(answers), name: 'it' });
    opened.push(op);
    expect(await message(op.matmat(counted(8, 2)) as Promise<Block>)).toContain('instead of a 8 x 2 block');
  });

  test('claims of a rectangular operator', async () => {
    expect(await message(served('tall', { selfAdjoint: true }))).toContain(
      'a self-adjoint operator must be square, this one is 3 x 2',
    );
  });
});

describe('the program ends with us', () => {
  const parent = (work: string): string => `
    import { remoteOperator } from ${JSON.stringify(resolve('dist/src/remote/index.js'))};
    const op = await remoteOperator({ command: [process.execPath, ${JSON.stringify(SERVER)}, 'hanging'] });
    console.log(op.pid);
    ${work}`;
  const block = (cols: number): string => `{ rows: 8, cols: ${cols}, data: new Float64Array(${8 * cols}) }`;

  async function start(work: string) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', parent(work)], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit');
    const [text] = await once(child.stdout!, 'data');
    return { child, exit, pid: Number(text) };
  }

  test('though nobody closes it: it does not keep this process alive', async () => {
    const { exit, pid } = await start('');
    expect((await exit)[0]).toBe(0);
    await untilDead(pid);
  });

  test.each([
    ['idle', 'setInterval(() => {}, 1000)'],
    ['in a product', `await op.matmat(${block(1)});`],
    ['in a product in shared memory', `await op.matmat(${block(5000)});`],
  ])('on kill -9, %s', async (_, work) => {
    const { child, exit, pid } = await start(work);
    await after(200);
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    await exit;
    await untilDead(pid);
  });
});

describe('sum', () => {
  const meeting = async (folder: string, count: number) => {
    await mkdir(folder, { recursive: true });
    return Promise.all(
      Array.from({ length: count }, (_, i) => served('meeting', {}, folder, String(i), String(count))),
    );
  };

  test('multiplies such terms at the same time: each product waits for those of the others', async () => {
    const H = sum(await meeting(at('three'), 3));
    expect([H.concurrent, H.overlaps, H.selfAdjoint]).toEqual([true, true, true]);
    const X = counted(8, 2);
    // 1 + 2 + 3
    const expected = await diagonalOperator(values.map((value) => 6 * value)).matmat(X);
    const product = await H.matmat(X);
    for (const [i, value] of expected.data.entries()) expect(product.data[i]).toBeCloseTo(value, 12);
    const own = diagonalOperator(values.map((value) => 6 * value));
    const [remote, local] = [await seigh(H, 4, { seed: 1, blockSize: 1 }), await seigh(own, 4, { seed: 1 })];
    for (const [i, value] of local.eigenvalues.entries()) expect(remote.eigenvalues[i]).toBeCloseTo(value, 10);
  });

  test('with terms of this process in between', async () => {
    const [a, b] = await meeting(at('two'), 2);
    const H = sum([a!, diagonalOperator(values), b!], [1, -3, 1]);
    expect([H.concurrent, H.overlaps]).toEqual([undefined, true]);
    // 1 - 3 + 2
    for (const value of (await H.matmat(counted(8, 2))).data) expect(value).toBeCloseTo(0, 12);
  });

  test('names the term that fails, after the others have ended', async () => {
    const H = sum([await served('good'), await served('throwing'), await served('nan')]);
    await expect(H.matmat(counted(8, 3))).rejects.toThrow('remoteOperator throwing: ReferenceError');
    await expect(H.matmat(counted(8, 2))).rejects.toThrow('remoteOperator nan: the operator returned NaN');
  });
});
