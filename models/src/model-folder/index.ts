export { type FolderLog, type FolderOptions, type FolderWatch, watchModelFolder } from './watch.js';
