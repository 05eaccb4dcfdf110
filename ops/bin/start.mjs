// `npm start`: the whole system from a fresh clone with nothing but Node and npm.
import { commandLine, prepare } from './prepare/prepare.mjs';

await prepare();
await commandLine(['up', ...process.argv.slice(2)]);
