export { endsWithUs } from './ends-with-us.js';
export {
  freePort,
  startTestServer,
  type TestServer,
  type TestServerOptions,
  testServerBinary,
  until,
} from './nats-server.js';
export { describeOnServer, type Suite } from './suite.js';
