// What the registry keeps: versions that never change, and aliases that say which of them serves.

export interface ModelFile {
  /** Relative to the model's folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

export type Curves = Readonly<Record<string, readonly (readonly [epoch: number, value: number])[]>>;

/** What is told about a model when it is published. */
export interface ModelFacts {
  /** Figures of its evaluation; null: could not be measured. */
  readonly metrics?: Record<string, number | null>;
  readonly data?: { readonly fingerprint: string; readonly rows: number };
  /** Version of the program that trained it. */
  readonly code?: string;
  readonly seed?: number;
  readonly hardware?: string;
  /** Name of the version it was trained to better. */
  readonly parent?: string;
  /** What was found out before it served: off-policy estimates, fairness. Kept as it is, and signed with the rest. */
  readonly audit?: object;
  /** How the training went: pairs of epoch and value, at most 200, by name. */
  readonly curves?: Curves;
  /** Actor or person. */
  readonly by: string;
  /** Default: true. False publishes without the event `trained`, so that nobody tries it out by itself. */
  readonly announce?: boolean;
}

/** A published version: immutable, hashed and signed. */
export interface ModelVersion {
  readonly family: string;
  readonly version: number;
  /** `router@7`. */
  readonly name: string;
  /** sha256 over the sorted list of files with their hashes. */
  readonly digest: string;
  readonly files: readonly ModelFile[];
  readonly metrics: Record<string, number | null>;
  readonly data?: { readonly fingerprint: string; readonly rows: number };
  readonly code?: string;
  readonly seed?: number;
  readonly hardware?: string;
  readonly parent?: string;
  readonly audit?: object;
  readonly curves?: Curves;
  readonly created_at: string;
  readonly by: string;
  /** ed25519 over the canonical manifest without this field, base64. */
  readonly signature: string;
  /** Which key signed: the first 16 hex digits of the sha256 of the public key. */
  readonly key_id: string;
}

export type AliasName = 'champion' | 'challenger' | 'shadow';

/** Which version serves, which is on trial with a share of the traffic, which only watches. */
export interface AliasState {
  readonly champion?: string;
  readonly challenger?: string;
  readonly shadow?: string;
  /** Share of tasks that the challenger decides, 0 to 1. */
  readonly share: number;
  /** No version gets more say while this is true; less say and a roll-back are always allowed. */
  readonly frozen?: boolean;
}

export interface AliasChange {
  /** `promoted`, `rolled-back`, `canary`, `shadow`, `frozen` … */
  readonly event: string;
  readonly by: string;
  readonly at: string;
  readonly reason: string;
  readonly evidence?: unknown;
  readonly before: AliasState;
  readonly after: AliasState;
}

export interface Aliases extends AliasState {
  readonly family: string;
  /** Counts changes; 0: there was none yet. Changing needs the revision that was read. */
  readonly revision: number;
  /** Newest last; the last 50. All of them are events of the stream MODELS too. */
  readonly history: readonly AliasChange[];
}

/** Fields left out stay as they are; null removes. */
export interface AliasEdit {
  readonly champion?: string | null;
  readonly challenger?: string | null;
  readonly shadow?: string | null;
  readonly share?: number;
  readonly frozen?: boolean;
}

export interface EditFacts {
  /** Actor or person. */
  readonly by: string;
  readonly reason: string;
  readonly evidence?: unknown;
  /** Fails with RevisionConflict when the aliases are not at this revision any more. Default: the revision it reads itself. */
  readonly expectedRevision?: number;
  /** Name of the event; default: told from what changes. */
  readonly event?: string;
}

export interface AliasWatch {
  current(): Aliases;
  close(): void;
}

export interface ModelRegistryOptions {
  /** Folder of this identity's signing key and of the keys it trusts. Without one nothing can be published or fetched. */
  readonly keys?: string;
  /** Most bytes of one model. Default 2 GiB. */
  readonly maxBytes?: number;
}

export interface ModelRegistry {
  /**
   * Stores a folder as the next version of its family. The same files published twice are one version.
   * Throws {@link ModelFolderRefused}, {@link NoModelKeys}.
   */
  publish(family: string, folder: string, facts: ModelFacts): Promise<ModelVersion>;
  /** Versions, oldest first, of one family or of all. */
  list(family?: string): Promise<ModelVersion[]>;
  /** `router@7`; undefined when there is none. The signature is checked by `fetch`, not here. */
  show(name: string): Promise<ModelVersion | undefined>;
  /** Families that have a version or an alias. */
  families(): Promise<string[]>;
  aliases(family: string): Promise<Aliases>;
  /**
   * Changes which version serves, by compare-and-set. Throws RevisionConflict when somebody was first, {@link UnknownModel},
   * {@link BadAlias}, {@link FamilyFrozen}.
   */
  setAliases(family: string, edit: AliasEdit, facts: EditFacts): Promise<Aliases>;
  /**
   * Brings the champion before this one back and ends a running trial; without an earlier one only the trial ends, and without a trial
   * no version serves any more. Allowed while frozen. Throws {@link NothingToRollBack}.
   */
  rollback(family: string, facts: EditFacts): Promise<Aliases>;
  /** Calls `listener` with the aliases at once and after each change. */
  watch(family: string, listener?: (aliases: Aliases) => void): Promise<AliasWatch>;
  /**
   * Brings a version into a folder, whole or not at all; what lies there already and is right is not brought again.
   * Returns the folder. Throws {@link UnknownModel}, {@link ModelTampered}, {@link UntrustedSigner}, {@link ModelFolderRefused}.
   */
  fetch(name: string, into: string): Promise<string>;
}
