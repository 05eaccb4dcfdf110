// What cutting a file gives.

/** A piece of a file that makes sense alone. */
export interface Passage {
  kind: string;
  /** Function, class or heading with those around it: `Store › put`. */
  symbol: string;
  text: string;
  /** From 1. */
  start: number;
  end: number;
  /** What it says about itself: doc comment or first words. */
  doc?: string;
}

/** A file cut into passages, with what it points to. */
export interface CutFile {
  language: string;
  passages: Passage[];
  /** Modules it imports, as written. */
  imports: string[];
  /** Names it defines at its top level and in classes. */
  defines: string[];
}
