#!/usr/bin/env node
/** The command `eigensketch`. */
import { main } from '../dist/src/cli/main.js';

process.exitCode = await main(process.argv.slice(2));
