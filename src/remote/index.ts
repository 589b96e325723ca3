/**
 * Operators that live in another process: in Python, in any program that speaks the protocol, on another machine. Needs Node.
 *
 * @example
 * const H = await pythonOperator('hessian.py:make');
 * const sketch = await seigh(H, 200);
 * console.log((await apost(H, sketch)).relativeError);
 * await H.close();
 *
 * @module eigensketch/remote
 */
export { type RemoteOperator, remoteOperator } from './operator.ts';
export type { RemoteOptions } from './options.ts';
export { PROTOCOL_VERSION } from './protocol.ts';
export { type PythonOptions, pythonOperator, pythonServer } from './python.ts';
export { type ServeOptions, serve } from './serve.ts';
