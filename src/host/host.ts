/** What the library needs of the program that it runs in, where Node and the page of a browser have it each in their own way. */

/** `#host` is the one of where the code runs. */
export interface Host {
  readonly isPage: boolean;
  /** Resolves after timers, input and output have had a turn. */
  nextTask(): Promise<void>;
  /** A setting of the environment that the program was started in; a page has none. */
  setting(name: string): string | undefined;
  /** Tells the user: a Node warning of type EigensketchWarning, a line on a page's console. */
  warn(message: string): void;
  /** Threads that can work on one memory, as many as the machine gives; 0 where they cannot share any. */
  threads(): number;
  /** A path that means the same when the working directory has changed. */
  absolutePath(path: string): string;
  /** Whether a path is a directory; a page has none. */
  isDirectory?(path: string): Promise<boolean>;
  /** The bytes of a file; in a page, of what is at a URL. @throws where they cannot be read */
  readBytes(path: string): Promise<Uint8Array>;
  /** An optional package. @throws where it is not installed, and in pages: what they carry is decided when they are built */
  importPackage(name: string): Promise<unknown>;
  /** The version of an installed package, where that can be seen. */
  versionOf(name: string): string | undefined;
  /** What runs the program, for records: of Node the version, of a browser name and version. */
  runtime(): { node: string } | { browser: string };
  /** Processor and system, as far as they can be seen. */
  machine(): string;
}
