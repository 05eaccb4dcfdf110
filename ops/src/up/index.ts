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
export { watchFullDisk } from './full-disk.js';
export type { Member } from './group.js';
export { AlreadyRunning, HomeNotWritable, homeFolder, type Running, readRunning } from './home.js';
export { type Launched, type LaunchOptions, launch, NoJetStream } from './launch.js';
export { greeting, type OwnServer, PortTaken, ServerFailed, startOwnServer } from './nats-server.js';
