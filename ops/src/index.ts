// The door of ops: what whole-system tests and scripts need of it. People use the command line.

export { measureFloor } from './bench/floor.js';
export { Load, type Measured, routerReady } from './bench/load.js';
export { type BenchReport, runBench } from './bench/run.js';
export { type System, type SystemOptions, startSystem } from './bench/system.js';
export { type TextLength, textOf } from './bench/texts.js';
export {
  cacheFolder,
  type ProvidedEncoder,
  type ProvidedJaeger,
  type ProvidedMilvusLite,
  provideEncoder,
  provideJaeger,
  provideMilvusLite,
  provideNatsServer,
} from './provide/index.js';
export { startOwnServer, watchFullDisk } from './up/index.js';
