/** Operators made in Python: everything with a shape and a product, and what the other side's failures look like here. */
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { asDType } from '../../src/core/block.ts';
import { apost, type Block, eigsh } from '../../src/index.ts';
import {
  type PythonOptions,
  pythonOperator,
  pythonServer,
  type RemoteOperator,
  remoteOperator,
} from '../../src/remote/index.ts';
import { canShare } from '../../src/remote/shared-memory.ts';
import { afterEach, describe, expect, test } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';
import { PYTHON } from '../support/programs.ts';
import { describePython } from '../support/python.ts';

const FILE = 'test/remote/fixtures/operators.py';
const N = 12;

const opened: RemoteOperator[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((op) => op.close()));
});

async function made(name: string, options: PythonOptions = {}): Promise<RemoteOperator> {
  const op = await pythonOperator(name.includes(':') ? name : `${FILE}:${name}`, { python: PYTHON, ...options });
  opened.push(op);
  return op;
}

const counted = (rows: number, cols: number, dtype: 'float32' | 'float64'): Block => {
  const numbers = Array.from({ length: rows * cols }, (_, i) => (i % 7) - 3);
  return { rows, cols, data: dtype === 'float32' ? Float32Array.from(numbers) : Float64Array.from(numbers) };
};

/** The symmetric matrix of the fixtures, times a block of small integers: exact. */
function expected(X: Block): number[] {
  return Array.from({ length: N * X.cols }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < N; k++) sum += (((Math.floor(at / X.cols) + k) % 5) - 2) * X.data[k * X.cols + (at % X.cols)]!;
    return sum;
  });
}

async function checkProducts(op: RemoteOperator): Promise<void> {
  // the last two in shared memory, one of them in what the other left
  for (const cols of [1, 3, 70, 3001, 3000]) {
    const X = counted(N, cols, op.dtype);
    const { rows, cols: width, data } = await op.matmat(X);
    const product = expected(X);
    expect([rows, width, data.length]).toEqual([N, cols, product.length]);
    expect(data.findIndex((value, i) => !Object.is(value, product[i]))).toBe(-1);
  }
}

const message = async (work: Promise<unknown> | Block | undefined): Promise<string> =>
  Promise.resolve(work).then(
    () => 'no error',
    (error: Error) => `${error.name}: ${error.message}`,
  );

describePython('Python with numpy', ['numpy'], () => {
  describe('products are exact', () => {
    test.each([
      ['dense', 'float64', undefined],
      ['function', 'float64', undefined],
      ['in_batches', 'float64', true],
      ['ready', 'float64', undefined],
      ['Shaped', 'float64', undefined],
      ['placing', 'float64', undefined],
      ['placing_function', 'float64', undefined],
    ])('%s', async (name, dtype, selfAdjoint) => {
      const op = await made(name);
      expect([op.shape, op.dtype, op.selfAdjoint]).toEqual([[N, N], dtype, selfAdjoint]);
      expect(op.backend).toMatch(/^python 3\.\d+, numpy /);
      await checkProducts(op);
    });

    test('float32, by an argument; prints and raw writes do no harm and are heard', async () => {
      let output = '';
      const op = await made('dense', { args: ['float32'], onOutput: (text) => (output += text) });
      expect(op.dtype).toBe('float32');
      await checkProducts(op);
      await op.close();
      expect(output).toContain('made by a print\n');
      expect(output).toContain('and by a write to standard output\n');
    });

    test('written by the operator where they are wanted, or elsewhere; float32 blocks of a float64 operator', async () => {
      for (const name of ['placing', 'placing_function', 'dense']) {
        const op = await made(name);
        const lent = await op.lend!(3000);
        for (const cols of [3000, 2999]) {
          const X = counted(N, cols, 'float64');
          const memory = lent
            ? { input: lent.input.subarray(0, N * cols), product: lent.product.subarray(0, N * cols) }
            : undefined;
          memory?.input.set(X.data);
          const out = { ...X, data: memory?.product ?? new Float64Array(N * cols) };
          expect(await op.matmat({ ...X, data: memory?.input ?? X.data }, out)).toBe(out);
          expect(Array.from(out.data)).toEqual(expected(X).map((value) => value + 0));
          expect(Array.from((await op.matmat(asDType(X, 'float32'))).data)).toEqual(Array.from(out.data));
        }
        lent?.giveBack();
      }
      if (!(await canShare())) return;
      const op = await made('placing');
      expect(await message(op.matmat(counted(N, 2998, 'float64')))).toContain(
        `the operator returned an array of shape () for a block of 2998 columns, expected (${N}, 2998)`,
      );
    });

    test.each([true, false])('of many at once, in memory of their own: %s', async (own) => {
      const op = await made('returning', { args: [own] });
      const blocks = Array.from({ length: 12 }, (_, i) => {
        const X = counted(N, 3000, 'float64');
        return { ...X, data: X.data.map((value) => value + i) };
      });
      const products = await Promise.all(blocks.map((X) => op.matmat(X)));
      for (const [i, X] of blocks.entries()) {
        const right = expected(X);
        expect(products[i]!.data.findIndex((value, at) => value !== right[at])).toBe(-1);
      }
    });

    test('of the adjoint of a rectangular array', async () => {
      const op = await made('tall');
      expect(op.shape).toEqual([5, 3]);
      const Y = { rows: 5, cols: 1, data: Float64Array.of(1, 0, 0, 0, 2) };
      // rows 0 and 4 of 0..14 in rows of three
      expect(Array.from((await op.adjointMatmat!(Y)).data)).toEqual([24, 27, 30]);
    });

    test('batch by batch', async () => {
      const op = await made('in_batches');
      const X = counted(N, 2, 'float64');
      const parts: [number, number, number[]][] = [];
      const total = await op.matmatByBatch!(X, ({ index, weight, product }) => {
        parts.push([index, weight, Array.from(product.data)]);
      });
      const shifted = (by: number) => expected(X).map((value, at) => value + by * X.data[at]!);
      expect(parts).toEqual([
        [0, 0.5, shifted(1)],
        [1, 0.5, shifted(-1)],
      ]);
      expect(Array.from(total.data)).toEqual(expected(X));
    });

    test('of a program that imports the server', async () => {
      const op = await remoteOperator({
        command: [PYTHON, resolve('test/remote/fixtures/program.py'), '3', '-2', '1'],
        env: { PYTHONPATH: dirname(pythonServer) },
        selfAdjoint: true,
      });
      opened.push(op);
      const { eigenvalues } = await eigsh(op, 2);
      expect(Array.from(eigenvalues, (value) => Math.round(value * 1e9) / 1e9)).toEqual([3, -2]);
    });
  });

  test('on a machine where memory cannot be shared, products go through pipes', async () => {
    const program = `
import sys; sys.path.insert(0, ${JSON.stringify(dirname(pythonServer))})
import numpy, os, eigensketch_server
asked = []
def readlink(path):
    asked.append(path)
    return "/dev/null"
os.readlink = readlink
def multiply(X):
    print("asked", len(asked))
    return 2 * X
multiply.shape = (4, 4)
eigensketch_server.serve(multiply)`;
    let output = '';
    const op = await remoteOperator({ command: [PYTHON, '-c', program], onOutput: (text) => (output += text) });
    opened.push(op);
    const X = counted(4, 5000, 'float64');
    for (let turn = 0; turn < 2; turn++)
      expect((await op.matmat(X)).data.every((y, i) => y === 2 * X.data[i]!)).toBe(true);
    await op.close();
    expect(output).toBe((await canShare()) ? 'asked 1\nasked 1\n' : 'asked 0\nasked 0\n');
  });

  describe('failures are named', () => {
    const product = async (cols: number, options: PythonOptions = {}): Promise<string> =>
      message((await made('acting', options)).matmat(counted(N, cols, 'float64')));

    test.each<[string, number, RegExp]>([
      [
        'an exception, with its place',
        2,
        /^DeviceError: pythonOperator .*operators\.py:acting: ValueError: the loss is not finite\n.*operators\.py", line \d+, in __matmul__/s,
      ],
      [
        'a wrong shape',
        3,
        /^ShapeError: .*returned an array of shape \(11, 3\) for a block of 3 columns, expected \(12, 3\)/,
      ],
      ['complex numbers', 5, /^NumericalError: .*numbers of type complex128/],
      [
        'a crash',
        6,
        /^DeviceError: .*was ended by SIGABRT during a product of 6 columns; its standard error ends with:\nno memory left on the device/,
      ],
    ])('%s', async (_, cols, pattern) => {
      expect(await product(cols)).toMatch(pattern);
    });

    test('NaN, by the call that met it', async () => {
      const op = await made('acting');
      expect(await message(apost(op, op, { tests: 4, blockSize: 4 }))).toContain(
        'NumericalError: apost: the operator returned NaN in row 0',
      );
    });

    test('an exception does not end the program', async () => {
      const op = await made('acting');
      const pid = op.pid;
      await message(op.matmat(counted(N, 2, 'float64')));
      await op.matmat(counted(N, 1, 'float64'));
      expect(op.pid).toBe(pid);
    });

    testLarge('a hang; reports of progress keep a slow product alive', async () => {
      const reports: number[] = [];
      const op = await made('acting', { timeout: 5000, onProgress: ({ done }) => reports.push(done) });
      await op.matmat(counted(N, 8, 'float64'));
      expect(reports).toEqual([0, 1, 2, 3, 4, 5]);
      expect(await message(op.matmat(counted(N, 7, 'float64')))).toContain(
        'no word from the program for 5000 ms during a product of 7 columns',
      );
    });

    test.each<[string, string, PythonOptions, string]>([
      [
        'no Python',
        `${FILE}:dense`,
        { python: '/no/python3' },
        "UnsupportedError: pythonOperator test/remote/fixtures/operators.py:dense: there is no program '/no/python3'. Install Python 3.8 or newer with numpy",
      ],
      [
        'an old Python',
        `${FILE}:dense`,
        {
          python: [
            PYTHON,
            '-c',
            "import sys, runpy; sys.version_info = (3, 6); sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')",
          ],
        },
        'eigensketch_server.py needs Python 3.8 or newer',
      ],
      [
        'no numpy',
        `${FILE}:dense`,
        { python: [PYTHON, '-S'] },
        'UnsupportedError: pythonOperator test/remote/fixtures/operators.py:dense: /usr/bin/python3 cannot import numpy',
      ],
      ['no file', 'no/such.py:make', {}, 'StoreError: pythonOperator: there is no file '],
      [
        'no file elsewhere',
        'no/such.py:make',
        { python: [PYTHON, '-u'] },
        'StoreError: pythonOperator no/such.py:make: there is no file ',
      ],
      ['no name', `${FILE}:hessian`, {}, "operators.py defines no 'hessian'; it has: "],
      ['a target without a name', FILE, {}, "ArgumentError: pythonOperator: target must be like 'file.py:name', got '"],
      [
        'a module that is not there',
        'test/remote/fixtures/importing.py:make',
        {},
        "importing.py cannot be imported by /usr/bin/python3: ModuleNotFoundError: No module named 'no_such_module'",
      ],
      ['an exception while it is made', `${FILE}:failing`, {}, 'operators.py:failing: RuntimeError: no checkpoint'],
      ['wrong arguments', `${FILE}:dense`, { args: [1, 2, 3] }, 'TypeError: dense() takes'],
      [
        'what is no operator',
        `${FILE}:vector`,
        {},
        'an operator has a shape of two positive sizes, this ndarray has (3,)',
      ],
      ['nothing', `${FILE}:nothing`, {}, "'nothing' of "],
      ['a number', `${FILE}:number`, {}, 'is a int: neither an operator nor a function that makes one'],
      [
        'complex operators',
        `${FILE}:complex_matrix`,
        {},
        'UnsupportedError: pythonOperator test/remote/fixtures/operators.py:complex_matrix: the operator is of type complex128',
      ],
      [
        'a start that takes too long',
        `${FILE}:forever`,
        { args: [600], timeout: 2000 },
        'no word from the program for 2000 ms during the handshake',
      ],
    ])('%s', async (_, target, options, text) => {
      expect(await message(made(target, options))).toContain(text);
    });

    test('another version of the protocol, by the server', async () => {
      const program = `import sys; sys.path.insert(0, ${JSON.stringify(dirname(pythonServer))}); import numpy, eigensketch_server as s; s.PROTOCOL = 9; s.serve(numpy.eye(2))`;
      expect(await message(remoteOperator({ command: [PYTHON, '-c', program], name: 'it' }))).toBe(
        'UnsupportedError: remoteOperator it: this eigensketch_server.py speaks version 9 of the protocol, not 1',
      );
    });
  });

  test('it ends at once when the operator is closed, also in the midst of a product', async () => {
    const op = await made('acting');
    const pid = op.pid!;
    const result = message(op.matmat(counted(N, 7, 'float64')));
    await after(200);
    await op.close();
    expect(await result).toContain('the operator was closed');
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

describePython('Python with scipy', ['numpy', 'scipy'], () => {
  test.each([
    ['sparse', 'float64'],
    ['scipy_operator', 'float32'],
  ])('%s', async (name, dtype) => {
    const op = await made(name);
    expect(op.dtype).toBe(dtype);
    await checkProducts(op);
  });

  test('an adjoint is offered only where SciPy knows one', async () => {
    expect((await made('without_adjoint')).adjointMatmat).toBeUndefined();
    const Y = counted(N, 3, 'float64');
    expect(Array.from((await (await made('sparse')).adjointMatmat!(Y)).data)).toEqual(expected(Y));
  });
});

describePython('Python with torch', ['numpy', 'torch'], () => {
  for (const [declare, name, ...declared] of [
    [testLarge, 'tensor', 'float32', undefined, undefined],
    [testLarge, 'torch_operator', 'float64', true, undefined],
    [test, 'double_backward', 'float64', true, 5],
  ] as const) {
    declare(name, async () => {
      const op = await made(name);
      expect([op.dtype, op.selfAdjoint, op.preferredBlockSize]).toEqual(declared);
      await checkProducts(op);
    });
  }
});
