// Types and build of every package in order, through nx, which must not need the network nor a daemon. The second run
// must come from its cache: a cache that never hits would make every later run slow without anybody noticing.
import { nodeTool, Red } from './gate.mjs';

const env = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false', FORCE_COLOR: '0' };
const build = (root) =>
  nodeTool(root, 'nx/dist/bin/nx.js', ['run-many', '-t', 'build', '--outputStyle=static'], { env });

export const types = {
  name: 'types and build (nx)',
  async run(root) {
    const first = await build(root);
    if (first.code !== 0) throw new Red(`${first.out}${first.err}`);
    const again = await build(root);
    const cached = /Nx read the output from the cache instead of running the command for (\d+) out of (\d+) tasks/.exec(
      again.out,
    );
    if (!cached || cached[1] !== cached[2])
      throw new Red(`a second build did not come from nx's cache:\n${again.out}${again.err}`);
    return `${cached[2]} packages, second run all from the cache`;
  },
};
