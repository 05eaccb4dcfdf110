export { count, gauge, type Labels, observe, type Reading, record } from './metrics.js';
export {
  BadMonitorAddress,
  type Monitor,
  type MonitorAddress,
  type MonitoredPart,
  type MonitorOptions,
  type MonitorTarget,
  monitorAddress,
  startMonitor,
} from './monitor.js';
export type { Telemetry, TelemetryOptions } from './options.js';
export { type EventHeaders, eventHeaders, extractTrace, headerSafe, injectTrace } from './propagation.js';
export { startTelemetry } from './setup.js';
export {
  describeSpan,
  failSpan,
  type MessagingSpan,
  recordSpan,
  startMessagingSpan,
  traceIdOf,
  withMessagingSpan,
  withSpan,
} from './spans.js';
