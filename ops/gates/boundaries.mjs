// The rule of rooms, by dependency-cruiser, and the proof that each of its rules can fail: a violation of every rule
// is planted in a tree aside, and one that stays green is itself a failure.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeTool, Red } from './gate.mjs';

const ROOMS = ['schemas', 'bus', 'models', 'actors', 'ops', 'test'];
const CONFIG = '.dependency-cruiser.cjs';

const PLANTS = {
  'schemas-import-nothing-of-ours': { 'schemas/src/bad.ts': "import '@cortex/bus';" },
  'bus-imports-schemas-only': { 'bus/src/bad.ts': "import '@cortex/models';" },
  'models-import-schemas-only': { 'models/src/bad.ts': "import '@cortex/bus';" },
  'actors-import-downwards': { 'actors/one/src/bad.ts': "import '@cortex/ops';" },
  'ops-import-no-tests': { 'ops/src/bad.ts': "import '@cortex/test';" },
  'no-actor-imports-another': { 'actors/one/src/other.ts': "import '@cortex/actor-two';" },
  'only-through-the-door': {
    'bus/src/inside.ts': "import '../../schemas/src/inner.js';",
    'schemas/src/inner.ts': 'export {};',
  },
  'no-cycle': { 'bus/src/a.ts': "import './b.js';", 'bus/src/b.ts': "import './a.js';" },
  'no-undeclared-package': { 'bus/src/undeclared.ts': "import 'typescript';" },
};

export const boundaries = {
  name: 'boundaries',
  async run(root) {
    const { modules, violations } = await cruise(
      root,
      root,
      ROOMS.filter((room) => existsSync(join(root, room))),
    );
    // A cruiser that cannot read TypeScript finds nothing and is green.
    if (modules < ROOMS.length)
      throw new Red(`only ${modules} modules were looked at: the cruiser does not read the sources`);
    if (violations.length > 0)
      throw new Red(violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).join('\n'));
    await everyRuleCanFail(root);
    return `${modules} modules, ${Object.keys(PLANTS).length} planted violations red`;
  },
};

async function everyRuleCanFail(root) {
  const rules = createRequire(import.meta.url)(join(root, CONFIG)).forbidden.map(({ name }) => name);
  const tree = mkdtempSync(join(tmpdir(), 'cortex-planted-'));
  try {
    cpSync(join(root, CONFIG), join(tree, CONFIG));
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
    writeFileSync(join(tree, 'package.json'), '{"name":"planted","devDependencies":{"typescript":"*"}}');
    for (const files of Object.values(PLANTS)) {
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(dirname(join(tree, file)), { recursive: true });
        writeFileSync(join(tree, file), `${text}\n`);
      }
    }
    const { violations } = await cruise(
      root,
      tree,
      ROOMS.filter((room) => existsSync(join(tree, room))),
    );
    const green = rules.filter((rule) => {
      const planted = Object.keys(PLANTS[rule] ?? {});
      return !violations.some((found) => found.rule.name === rule && planted.includes(found.from));
    });
    if (green.length > 0) throw new Red(`the planted violation stayed green: ${green.join(', ')}`);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

async function cruise(root, tree, folders) {
  const args = ['--config', CONFIG, '--output-type', 'json', ...folders];
  const { out, err } = await nodeTool(root, 'dependency-cruiser/bin/dependency-cruise.mjs', args, { cwd: tree });
  try {
    const { modules, summary } = JSON.parse(out);
    return { modules: modules.filter(({ source }) => /\.ts$/.test(source)).length, violations: summary.violations };
  } catch {
    throw new Red(`dependency-cruiser gave no result: ${err || out}`);
  }
}
