export { freePort, startTestServer, type TestServer, testServerBinary, until } from './nats-server.js';
export { describeOnServer, type Suite } from './suite.js';
