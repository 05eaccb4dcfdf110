// All rules, one file each.
import type { Rule } from '../finding.js';
import { clockSkew } from './clock-skew.js';
import { completedWithoutEvidence } from './completed-without-evidence.js';
import { decisionQuality } from './decision-quality.js';
import { duplicateWorker } from './duplicate-worker.js';
import { noHeartbeat } from './no-heartbeat.js';
import { queueGrowing } from './queue-growing.js';
import { replay } from './replay.js';
import { retryStorm } from './retry-storm.js';
import { starvingMaster } from './starving-master.js';
import { stuckPending } from './stuck-pending.js';
import { stuckRunning } from './stuck-running.js';
import { successCollapse } from './success-collapse.js';
import { tokenBudget } from './token-budget.js';
import { wedgedActor } from './wedged-actor.js';
import { zombie } from './zombie.js';

export const RULES: readonly Rule[] = [
  noHeartbeat,
  stuckPending,
  stuckRunning,
  zombie,
  duplicateWorker,
  completedWithoutEvidence,
  tokenBudget,
  queueGrowing,
  retryStorm,
  successCollapse,
  starvingMaster,
  decisionQuality,
  clockSkew,
  replay,
  wedgedActor,
];
