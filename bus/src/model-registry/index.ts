// The door of the model registry.
export { previousChampion } from './alias-rules.js';
export {
  BadAlias,
  FamilyFrozen,
  ModelFolderRefused,
  ModelTampered,
  NoModelKeys,
  NothingToRollBack,
  UnknownModel,
  UntrustedSigner,
} from './errors.js';
export { moveInto, readMark } from './folder.js';
export { type FollowedModel, type FollowedModels, type Following, type FollowOptions, followModels } from './follow.js';
export { parseName } from './manifest.js';
export { openModelRegistry } from './registry.js';
export type {
  AliasChange,
  AliasEdit,
  Aliases,
  AliasName,
  AliasState,
  AliasWatch,
  Curves,
  EditFacts,
  ModelFacts,
  ModelFile,
  ModelRegistry,
  ModelRegistryOptions,
  ModelVersion,
} from './types.js';
