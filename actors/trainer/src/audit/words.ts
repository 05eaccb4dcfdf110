// A gap between a slice and all others as one line.
import type { Gap } from '@cortex/models';

export const inWords = ({ dimension, value, figure, here, elsewhere, rows, low, high }: Gap) =>
  `${dimension} ${value}: ${figure} ${here.toFixed(3)} against ${elsewhere.toFixed(3)} elsewhere (${rows} rows, gap ${low.toFixed(3)} to ${high.toFixed(3)})`;
