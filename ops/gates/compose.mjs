// docker-compose.yml as Docker's own loader reads it (compose-go): unknown keys, bad conditions and missing services
// are errors there, where a YAML parser sees nothing. Then what Cortex itself promises of it.
import { cpus } from 'node:os';
import { join } from 'node:path';
import { cannotCheck, execute, Red } from './gate.mjs';

export const compose = {
  name: 'docker-compose.yml',
  async run(root) {
    const env = { ...process.env, GOFLAGS: '', GOMAXPROCS: String(Math.max(1, cpus().length)) };
    const go = await execute('go', ['version'], { cwd: root, env }).catch(() => undefined);
    if (go?.code !== 0) return cannotCheck('there is no Go to run the compose loader with');
    const file = join(root, 'docker-compose.yml');
    const { code, out, err } = await execute('go', ['run', '-mod=readonly', '-buildvcs=false', '.', file], {
      cwd: join(root, 'ops', 'gates', 'compose'),
      env,
    });
    if (code !== 0) throw new Red(`${out}${err}`);
    return out.trim();
  },
};
