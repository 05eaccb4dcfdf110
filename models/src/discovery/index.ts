// Work that nobody owns: groups among the tasks that fitted no master, proposed as new masters.
export { centre, cluster, cohesion } from './cluster.js';
export { type DiscoverInput, discover, type KnownMaster, type Proposal } from './discover.js';
