// Why `up` does not come up. Apart from what throws them: every command must know them, and none should load what starts a system for that.

/** Thrown when the port is held by another program. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
  constructor(
    readonly port: number,
    readonly by: 'nats' | 'other',
  ) {
    super(
      by === 'nats'
        ? `port ${port} is taken by a NATS server that this folder did not start: use it with --nats nats://127.0.0.1:${port}, or take another port with --port ${port + 1}`
        : `port ${port} is taken by another program: stop it, or take another port with --port ${port + 1}`,
    );
  }
}

/** Thrown when nats-server does not come up. */
export class ServerFailed extends Error {
  override readonly name = 'ServerFailed';
}

/** Thrown when the NATS server cannot keep anything. */
export class NoJetStream extends Error {
  override readonly name = 'NoJetStream';
}
