// What commands print: data on standard output, words about the run on standard error.
export { colours, paintsOn } from './colours.js';
export { type LastLine, lastLine } from './last-line.js';
export { age, clock, duration, moment } from './moments.js';
export { note, printJson, printLine, printText } from './print.js';
export { countBar, progressBar, type ShowProgress } from './progress.js';
export { howDecided, masterOf, paintStep, stepWords } from './record.js';
export { table } from './table.js';
export { ranked, whatIf, whyText } from './why.js';
export { percent, plural, shorten } from './words.js';
