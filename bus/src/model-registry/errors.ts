// Everything that can be wrong with a model, a key or an alias; none of it passes by waiting.
import { TerminalError } from '../errors.js';

/** Thrown when no such version is published. */
export class UnknownModel extends TerminalError {
  override readonly name = 'UnknownModel';
  constructor(
    readonly model: string,
    known: readonly string[] = [],
  ) {
    super(
      `there is no model "${model}"${known.length > 0 ? `; there are ${known.slice(-12).join(', ')}` : ': none is published yet ("cortex train" does)'}`,
    );
  }
}

/** Thrown when a manifest or a file is not what was signed, or is not there. */
export class ModelTampered extends TerminalError {
  override readonly name = 'ModelTampered';
  constructor(
    readonly model: string,
    readonly what: string,
  ) {
    super(`${model} is refused: ${what}`);
  }
}

/** Thrown when a manifest was signed by a key that is not trusted here. */
export class UntrustedSigner extends TerminalError {
  override readonly name = 'UntrustedSigner';
  constructor(
    readonly model: string,
    readonly keyId: string,
    readonly by: string,
    trusted: string,
  ) {
    super(
      `${model} is refused: signed by the key ${keyId} (published by ${by}), which is not trusted here; to trust it, copy the signer's public key ${keyId}.pub.pem into ${trusted}`,
    );
  }
}

/** Thrown when a folder cannot be a model: a link, a name that leads out, too large, empty, changed while it was read. */
export class ModelFolderRefused extends TerminalError {
  override readonly name = 'ModelFolderRefused';
  constructor(
    readonly folder: string,
    why: string,
  ) {
    super(`${folder} is no model folder: ${why}`);
  }
}

/** Thrown when there is no folder of keys, or a key in it cannot be used. */
export class NoModelKeys extends TerminalError {
  override readonly name = 'NoModelKeys';
}

/** Thrown for an alias that makes no sense, naming the field. */
export class BadAlias extends TerminalError {
  override readonly name = 'BadAlias';
}

/** Thrown when a frozen family is to be changed. */
export class FamilyFrozen extends TerminalError {
  override readonly name = 'FamilyFrozen';
  constructor(readonly family: string) {
    super(`${family} is frozen: no version gets more say; "cortex models unfreeze ${family}" first`);
  }
}

/** Thrown when no version serves and none is on trial. */
export class NothingToRollBack extends TerminalError {
  override readonly name = 'NothingToRollBack';
  constructor(readonly family: string) {
    super(`${family} cannot be rolled back: it has no champion and no trial`);
  }
}
