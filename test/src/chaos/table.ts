// The scenarios, in the order of their numbers.
import type { Scenario } from './scenario.js';
import { badModels } from './scenarios/bad-models.js';
import { busAbsent } from './scenarios/bus-absent.js';
import { clockSkew } from './scenarios/clock-skew.js';
import { cluster } from './scenarios/cluster.js';
import { deleted } from './scenarios/deleted.js';
import { dependencies } from './scenarios/dependencies.js';
import { diskFull } from './scenarios/disk-full.js';
import { duplicates } from './scenarios/duplicates.js';
import { fuzz } from './scenarios/fuzz.js';
import { hungWorkers } from './scenarios/hung-workers.js';
import { killActors } from './scenarios/kill-actors.js';
import { killBus } from './scenarios/kill-bus.js';
import { poison } from './scenarios/poison.js';
import { powerLoss } from './scenarios/power-loss.js';
import { replay } from './scenarios/replay.js';
import { rollingRestarts } from './scenarios/rolling-restarts.js';
import { sideBySide } from './scenarios/side-by-side.js';
import { slowConsumer } from './scenarios/slow-consumer.js';
import { soak } from './scenarios/soak.js';
import { tooLarge } from './scenarios/too-large.js';

export const SCENARIOS: readonly Scenario[] = [
  killActors,
  killBus,
  busAbsent,
  duplicates,
  poison,
  dependencies,
  fuzz,
  tooLarge,
  slowConsumer,
  hungWorkers,
  rollingRestarts,
  sideBySide,
  cluster,
  diskFull,
  powerLoss,
  clockSkew,
  deleted,
  badModels,
  replay,
  soak,
];
