// The door of the librarian: finds the code, documents, issues and patterns a task needs.
export { librarianActor } from './actor.js';
export { type IndexOptions, type IndexProgress, type IndexReport, indexFolder } from './indexing/index-folder.js';
export { indexChanges, indexIssues } from './indexing/index-issues.js';
export { type Watch, type WatchEvents, watchFolder } from './indexing/watch.js';
export { EncoderChanged, Library, type LibraryOptions } from './library/library.js';
export { openSource, type Source } from './read/files.js';
export { IssueRowError } from './read/issues.js';
export { contextFor, search } from './search/answer.js';
export { repositoryMap } from './search/map.js';
export { type Found, rank, type SearchRequest, withoutRepeats } from './search/search.js';
export { type LibrarianSettings, type LibrarianSettingsInput, librarianSettingsSchema } from './settings.js';
export { StoreMismatch, StoreOutdated, StoreUnreachable } from './store/errors.js';
export { openLance } from './store/lance.js';
export { openMilvus } from './store/milvus.js';
export { moveStore } from './store/move.js';
export type { Store } from './store/types.js';
