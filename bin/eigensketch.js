#!/usr/bin/env node
/** The command `eigensketch`. */
import { listen } from '../dist/src/cli/interruption.js';

// before everything else is loaded: a signal may come while it is
const interruption = listen();
const { main } = await import('../dist/src/cli/main.js');

process.exitCode = await main(process.argv.slice(2), interruption);
