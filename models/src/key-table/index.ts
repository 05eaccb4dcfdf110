// The door of the table of keys.
export { KeyTable, MOST_VALUE } from './key-table.js';
