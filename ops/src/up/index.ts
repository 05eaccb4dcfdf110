export {
  ACTOR_NAMES,
  ACTORS,
  type ActorNeeds,
  type ActorRow,
  BadScale,
  parseScale,
  parseWorkerBounds,
} from './catalogue.js';
export { beatTo } from './child-protocol.js';
export { NoJetStream, PortTaken, ServerFailed } from './errors.js';
export { watchFullDisk } from './full-disk.js';
export type { Member } from './group.js';
export { AlreadyRunning, HomeNotWritable, homeFolder, type Running, readRunning } from './home.js';
export { type Launched, type LaunchOptions, launch } from './launch.js';
export { greeting, type OwnServer, startOwnServer } from './nats-server.js';
