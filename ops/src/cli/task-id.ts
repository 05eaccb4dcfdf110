// Ids of tasks as people type them: anything the schema takes, blanks, dots and all.
import { MAX_ID_LENGTH } from '@cortex/schemas';
import { WrongInput } from './failures.js';

export function taskId(given: string): string {
  if (given === '') throw new WrongInput('ID', 'is empty');
  if (given.length > MAX_ID_LENGTH)
    throw new WrongInput('ID', `has ${given.length} characters, at most ${MAX_ID_LENGTH} are taken`);
  return given;
}
