/** The most memory that a child process of the tests has had. */
import { readFileSync } from 'node:fs';
import process from 'node:process';

/** In bytes. What Linux reports as maxRSS begins with that of the parent, a worker of Jest; /proc counts the program alone. */
export function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
}
