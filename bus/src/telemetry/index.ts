export { count, record } from './metrics.js';
export { type EventHeaders, eventHeaders, extractTrace, headerSafe, injectTrace } from './propagation.js';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './setup.js';
export {
  failSpan,
  type MessagingSpan,
  recordSpan,
  startMessagingSpan,
  traceIdOf,
  withMessagingSpan,
  withSpan,
} from './spans.js';
