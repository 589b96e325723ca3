/** Every error the library throws on purpose: one family, each with a `code` and the values that led to it. */

export type ErrorCode = 'ARGUMENT' | 'SHAPE' | 'NUMERICAL' | 'STORE' | 'UNSUPPORTED' | 'DEVICE';

/** Base of all errors thrown by eigensketch. `code` names the kind, `values` holds the offending numbers and names. */
export class EigensketchError extends Error {
  readonly code: ErrorCode;
  readonly values: Readonly<Record<string, unknown>>;
  #where: string | undefined;

  constructor(code: ErrorCode, message: string, values: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.values = values;
  }

  /** The function or command that the caller called, with which the message begins; set by `atDoor` of core/door.ts. */
  get where(): string | undefined {
    return this.#where;
  }

  set where(name: string | undefined) {
    // Read before the message changes: a host may write it when it is first asked for.
    const { message: said, stack } = this;
    const text = this.#where === undefined ? said : said.slice(this.#where.length + 2);
    this.#where = name;
    this.message = name === undefined ? text : `${name}: ${text}`;
    if (stack !== undefined) this.stack = stack.replace(said, () => this.message);
  }
}

/** An argument outside its documented range or of the wrong kind. */
export class ArgumentError extends EigensketchError {
  constructor(message: string, values: Record<string, unknown> = {}, options?: ErrorOptions) {
    super('ARGUMENT', message, values, options);
  }
}

/** Sizes that do not fit each other. */
export class ShapeError extends EigensketchError {
  constructor(message: string, values: Record<string, unknown> = {}, options?: ErrorOptions) {
    super('SHAPE', message, values, options);
  }
}

/** Numbers that make a result impossible: non-finite products, an operator that is not symmetric. */
export class NumericalError extends EigensketchError {
  constructor(message: string, values: Record<string, unknown> = {}, options?: ErrorOptions) {
    super('NUMERICAL', message, values, options);
  }
}

/** A file or directory that is missing, damaged or belongs to something else. */
export class StoreError extends EigensketchError {
  constructor(message: string, values: Record<string, unknown> = {}, options?: ErrorOptions) {
    super('STORE', message, values, options);
  }
}

/** Something that this machine, backend or version cannot do. */
export class UnsupportedError extends EigensketchError {
  constructor(message: string, values: Record<string, unknown> = {}, options?: ErrorOptions) {
    super('UNSUPPORTED', message, values, options);
  }
}

/** A device that failed at run time: lost, out of memory, or refusing a command. `values.reason` says which. */
export class DeviceError extends EigensketchError {
  constructor(message: string, values: Record<string, unknown> = {}, options?: ErrorOptions) {
    super('DEVICE', message, values, options);
  }
}
