// Things Cortex needs from outside npm, found or fetched: the one door of this folder.
export { cacheFolder } from './cache.js';
export { type EncoderOptions, type ProvidedEncoder, provideEncoder } from './encoder.js';
export { type JaegerOptions, type ProvidedJaeger, provideJaeger } from './jaeger.js';
export { type Attempt, LadderExhausted, RungRefused } from './ladder.js';
export { type MilvusLiteOptions, type ProvidedMilvusLite, provideMilvusLite } from './milvus-lite.js';
export { type MlflowProvideOptions, type ProvidedMlflow, provideMlflow } from './mlflow.js';
export { type RunningMlflow, startMlflow } from './mlflow-server.js';
export { MINIMUM_NATS_SERVER, type NatsServer, type ProvideOptions, provideNatsServer } from './nats-server.js';
export { type PrometheusOptions, type ProvidedPrometheus, providePrometheus } from './prometheus.js';
