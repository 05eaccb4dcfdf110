// The health check of an actor's container: NATS sees a connection from this container. Asked from the server's side,
// because a process that hangs still believes itself connected.
import { networkInterfaces } from 'node:os';

const monitor = process.env.NATS_MONITOR;
if (!monitor) {
  console.error('NATS_MONITOR is not set: the address of the NATS monitoring port');
  process.exit(1);
}
const own = new Set(
  Object.values(networkInterfaces())
    .flat()
    .filter((address) => !address.internal)
    .map(({ address }) => address),
);
try {
  const answer = await fetch(`${monitor}/connz?limit=4096`, { signal: AbortSignal.timeout(4_000) });
  const { connections } = await answer.json();
  const seen = connections.some(({ ip }) => own.has(ip.replace(/^::ffff:/, '')));
  console.log(seen ? 'connected to the bus' : `NATS has ${connections.length} connections, none from here`);
  process.exitCode = seen ? 0 : 1;
} catch (error) {
  console.error(`${monitor} does not answer: ${error.message}`);
  process.exitCode = 1;
}
