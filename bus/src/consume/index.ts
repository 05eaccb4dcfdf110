export { type ConsumerOptions, type RunningConsumer, retryCurve, runConsumer } from './consumer.js';
export { deadLetter } from './dead-letter.js';
export { deadLettersOf, type StoredDeadLetter } from './dead-letters.js';
export { type Delivery, toDelivery } from './delivery.js';
export { followStream, type StreamFollowing } from './follow-stream.js';
export { type Puller, type PullerOptions, pullOne, startPuller } from './puller.js';
