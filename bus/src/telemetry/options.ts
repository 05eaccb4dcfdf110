// What a process may ask of its telemetry, and what it gets.
import type { Attributes } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';

export interface TelemetryOptions {
  /** `service.name` when OTEL_SERVICE_NAME is not set. */
  readonly service: string;
  readonly attributes?: Attributes;
  /** Further processors, such as the dashboard's own store. */
  readonly processors?: SpanProcessor[];
  /** Whether anybody looks at spans, where no OTLP endpoint is set: unwanted ones are not recorded, ids travel all the same. Default: always. */
  readonly wanted?: () => boolean;
  /** Whether spans are made where no OTLP endpoint is set. Default true; false for what begins no trace that anybody would look for. */
  readonly traces?: boolean;
  /** Whether metrics can be asked for. Default true; false for what ends by itself: they go to an OTLP endpoint, if one is set, or nowhere. */
  readonly metrics?: boolean;
}

export interface Telemetry {
  /** Where spans go: an address, or why none. */
  readonly exporting: string;
  /** All metrics in Prometheus' text format; undefined when telemetry or its metrics are switched off. */
  readonly metricsText: (() => Promise<string>) | undefined;
  /** Sends what is buffered, for at most two seconds, and stops. */
  shutdown(): Promise<void>;
}

/** OTLP endpoints of the environment. */
export interface Endpoints {
  readonly traces: string | undefined;
  readonly metrics: string | undefined;
}

export const NOWHERE = 'nowhere (set OTEL_EXPORTER_OTLP_ENDPOINT)';
