// What each master did lately, as the network reads it.

export { historiesOf, type TaskLife } from './lives.js';
export { endOf, hearRecord, workOf } from './records.js';
export {
  type Histories,
  type MasterHistory,
  readHistories,
  TrackRecords,
  WINDOW_MS,
  type Work,
} from './track-record.js';
