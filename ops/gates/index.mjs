// Every gate, cheapest first.
import { boundaries } from './boundaries.mjs';
import { compose } from './compose.mjs';
import { docs } from './docs.mjs';
import { format } from './format.mjs';
import { generated } from './generated.mjs';
import { licences } from './licences.mjs';
import { lockfile } from './lockfile.mjs';
import { portable } from './portable.mjs';
import { tests } from './tests.mjs';
import { types } from './types.mjs';

export const gates = [lockfile, licences, portable, docs, format, boundaries, types, generated, compose, tests];
