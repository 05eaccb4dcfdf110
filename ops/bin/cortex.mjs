#!/usr/bin/env node
// `npx cortex …`: installs and builds what is missing, then the command line.
import { commandLine, prepare } from './prepare/prepare.mjs';

await prepare();
await commandLine(process.argv.slice(2));
