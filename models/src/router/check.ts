// Do a voice's arrays fit the labels, features and vectors they claim to be for?
import { RouterLabelsMismatch, RouterShapeMismatch } from './errors.js';
import type { RouterState } from './state.js';
import type { VoiceParts } from './voice.js';

/** @throws RouterLabelsMismatch, RouterShapeMismatch */
export function checkShapes(file: string, voice: string, { facts, arrays }: VoiceParts, state: RouterState): void {
  const labels = state.labels.length;
  const dimensions = state.encoder?.dimensions ?? 0;
  const expect = (name: string, length: number) => {
    const numbers = arrays[name];
    if (numbers?.length !== length) {
      throw new RouterShapeMismatch(
        file,
        `"${name}" should hold ${length} numbers, it holds ${numbers?.length ?? 'none'}`,
      );
    }
  };
  const same = (fact: string, value: number) => {
    if (facts[fact] === value) return;
    const problem = `its ${fact} are ${String(facts[fact])}, the manifest's ${value}`;
    throw fact === 'labels' ? new RouterLabelsMismatch(file, problem) : new RouterShapeMismatch(file, problem);
  };
  if (voice === 'lexical') {
    same('labels', labels);
    const width = arrays.hashes?.length ?? 0;
    same('width', width);
    expect('idf', width);
    expect('weights', width * labels);
    expect('bias', labels);
  } else if (voice === 'embedding') {
    same('labels', labels);
    same('width', dimensions);
    expect('weights', dimensions * labels);
    expect('bias', labels);
  } else if (voice === 'retrieval') {
    same('labels', labels);
    same('columns', dimensions);
    const rows = arrays.target?.length ?? 0;
    expect('vectors', rows * dimensions);
    expect('density', rows);
    if (arrays.cell?.length) expect('cell', rows);
    const centres = (arrays.centres?.length ?? 0) / (dimensions || 1);
    within(file, 'target', arrays.target, -1, labels);
    within(file, 'cell', arrays.cell, 0, centres);
  } else {
    const names = facts.names as string[];
    if (voice === 'profile' && names.join('\n') !== state.labels.join('\n')) {
      throw new RouterLabelsMismatch(file, 'its labels are not the manifest’s');
    }
    const columns = facts.columns as number;
    expect('vectors', columns ? names.length * columns : 0);
    expect('views', (facts.counts as number[]).reduce((sum, count) => sum + count, 0) * columns);
  }
}

function within(file: string, name: string, numbers: ArrayLike<number> | undefined, low: number, end: number): void {
  for (let i = 0; i < (numbers?.length ?? 0); i++) {
    const value = numbers![i]!;
    if (value < low || value >= end)
      throw new RouterShapeMismatch(file, `"${name}" points to ${value}, outside ${low} to ${end - 1}`);
  }
}
