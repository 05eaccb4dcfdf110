// Whether every slice of the work is served alike.
export {
  type AuditOptions,
  type AuditReport,
  type AuditRow,
  auditFairness,
  type Figure,
  type Gap,
  holm,
  upperTail,
} from './audit.js';
export { type SlicedTask, scriptOf, slicesOfTask } from './slices.js';
