// The door of ops: what whole-system tests and scripts need of it. People use the command line.
export {
  type ProvidedEncoder,
  type ProvidedJaeger,
  type ProvidedMilvusLite,
  provideEncoder,
  provideJaeger,
  provideMilvusLite,
  provideNatsServer,
} from './provide/index.js';
