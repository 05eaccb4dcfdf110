export { type Answered, type ControlCommand, control, serveControl } from './actor/control.js';
export { actorsHere } from './actor/here.js';
export { type Heartbeat, type Presence, startHeartbeat, watchPresence } from './actor/presence.js';
export {
  type ActorContext,
  type ActorDefinition,
  type ActorPart,
  type ActorState,
  DRAIN_LIMIT_MS,
  jsonLogger,
  type Logger,
  type RunningActor,
  runActor,
  silentLogger,
} from './actor/runtime.js';
export { type Asker, createAsker } from './ask/ask.js';
export { type Question, type RunningServer, type ServeOptions, serveAsks } from './ask/serve.js';
export { type AuditEntry, entryOf, publishAction } from './audit/audit.js';
export { type AuditReport, verifyAudit } from './audit/verify.js';
export { type Bus, type BusOptions, type BusState, connectBus, DEFAULT_SERVERS } from './connection/connect.js';
export {
  type ConsumerOptions,
  type Delivery,
  deadLetter,
  deadLettersOf,
  followStream,
  type Puller,
  type PullerOptions,
  pullOne,
  type RunningConsumer,
  retryCurve,
  runConsumer,
  type StoredDeadLetter,
  type StreamFollowing,
  startPuller,
} from './consume/index.js';
export {
  AskFailed,
  AskTimeout,
  BusRefused,
  BusUnreachable,
  isBusTrouble,
  MessageTooLarge,
  NobodyServes,
  NotProvisioned,
  PublishUnconfirmed,
  RetryableError,
  RetryLater,
  RevisionConflict,
  StreamFull,
  TerminalError,
  Unprocessable,
} from './errors.js';
export { COMPACTOR, type Compacted, type CompactOptions, compactLog, DEFAULT_COMPACT } from './log/compact.js';
export { type Logged, type TaskLog, taskLog } from './log/log.js';
export { type Budget, committed, type Memory, openMemory } from './memory/index.js';
export {
  type AliasChange,
  type AliasEdit,
  type Aliases,
  type AliasName,
  type AliasState,
  type AliasWatch,
  BadAlias,
  type Curves,
  type EditFacts,
  FamilyFrozen,
  type FollowedModel,
  type FollowedModels,
  type Following,
  type FollowOptions,
  followModels,
  type ModelFacts,
  type ModelFile,
  ModelFolderRefused,
  type ModelRegistry,
  type ModelRegistryOptions,
  ModelTampered,
  type ModelVersion,
  moveInto,
  NoModelKeys,
  NothingToRollBack,
  openModelRegistry,
  parseName,
  previousChampion,
  readMark,
  UnknownModel,
  UntrustedSigner,
} from './model-registry/index.js';
export { consumerNames, ensureConsumer, provision, provisionMaster } from './provision/provision.js';
export {
  CONSUMER_TABLE,
  DEFAULT_PROVISION,
  type ProvisionSettings,
  STREAM_TABLE,
  workConsumers,
} from './provision/table.js';
export { DEFAULT_RETRY_MS, type PublishOptions, publish } from './publish/publish.js';
export { openBucket } from './registry/bucket.js';
export { type BucketEntry, type BucketFollowing, followBucket } from './registry/follow-bucket.js';
export { AliasTaken, type MasterRegistry, openMasters, UnknownMaster } from './registry/masters.js';
export { countPromptOutcomes } from './registry/prompt-outcomes.js';
export {
  openPrompts,
  type PromptAssignment,
  PromptMoved,
  type PromptRegistry,
  type StoredTrial,
  UnknownPrompt,
} from './registry/prompts.js';
export { type LiveSettings, openSettings } from './registry/settings.js';
export { type Signer, signerOfMessage } from './signing/signing.js';
export {
  BadMonitorAddress,
  count,
  describeSpan,
  eventHeaders,
  extractTrace,
  failSpan,
  gauge,
  headerSafe,
  injectTrace,
  type Labels,
  type MessagingSpan,
  type Monitor,
  type MonitorAddress,
  type MonitoredPart,
  type MonitorOptions,
  type MonitorTarget,
  monitorAddress,
  observe,
  type Reading,
  record,
  recordSpan,
  startMessagingSpan,
  startMonitor,
  startTelemetry,
  type Telemetry,
  type TelemetryOptions,
  traceIdOf,
  withMessagingSpan,
  withSpan,
} from './telemetry/index.js';
export { type SpanRing, watchSpans } from './telemetry/span-ring.js';
export { type SpanFeed, type SpanNote, spanFeed } from './telemetry/span-ring-feed.js';
export { freePort, startTestServer, type TestServer, testServerBinary, until } from './testing/nats-server.js';
