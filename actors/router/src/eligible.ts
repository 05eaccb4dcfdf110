// Who may be chosen for an ask, right now: a master that was paused or removed a moment ago is out at once,
// long before any model has been built without it.
import { createHash } from 'node:crypto';
import { canonicalMaster, type Master } from '@cortex/schemas';

export interface Eligible {
  /** Names as the registry has them. */
  readonly names: ReadonlySet<string>;
  /** Equal for equal sets: part of the key of remembered decisions. */
  readonly digest: string;
}

/** What is needed of the registry. */
export interface Masters {
  list(): Master[];
  find(name: string): Master | undefined;
  revision(): number;
}

/** Sets of names that askers gave, kept for one state of the registry. */
const REMEMBERED = 100;

/** Active masters, narrowed to those an ask names (by name or alias). */
export class Eligibility {
  private all: { revision: number; eligible: Eligible } | undefined;
  /** Askers mostly name the same masters again and again. */
  private narrowed = { revision: -1, wanted: new Map<string, Eligible>() };

  constructor(private readonly masters: Masters) {}

  of(wanted: readonly string[] | undefined): Eligible {
    if (wanted === undefined) return this.everyone();
    const revision = this.masters.revision();
    if (this.narrowed.revision !== revision || this.narrowed.wanted.size >= REMEMBERED) {
      this.narrowed = { revision, wanted: new Map() };
    }
    const key = JSON.stringify(wanted);
    const known = this.narrowed.wanted.get(key);
    if (known) return known;
    const names = new Set<string>();
    for (const name of wanted) {
      const master = this.masters.find(canonicalMaster(name));
      if (master?.status === 'active') names.add(master.name);
    }
    const eligible = { names, digest: digestOf(names) };
    this.narrowed.wanted.set(key, eligible);
    return eligible;
  }

  private everyone(): Eligible {
    const revision = this.masters.revision();
    if (this.all?.revision !== revision) {
      const names = new Set(this.masters.list().flatMap((m) => (m.status === 'active' ? [m.name] : [])));
      this.all = { revision, eligible: { names, digest: digestOf(names) } };
    }
    return this.all.eligible;
  }
}

function digestOf(names: ReadonlySet<string>): string {
  return createHash('sha256')
    .update([...names].sort().join('\0'))
    .digest('base64url')
    .slice(0, 22);
}
