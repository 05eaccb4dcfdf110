// What a hyper-parameter may be, and the unit cube in which it is searched.

export interface Dimension {
  readonly low: number;
  readonly high: number;
  /** `log`: a step means a factor. Default `linear`. */
  readonly scale?: 'linear' | 'log';
  /** Whole numbers only. Default false. */
  readonly whole?: boolean;
}

export type SearchSpace = Readonly<Record<string, Dimension>>;
export type Params = Record<string, number>;

/** A dimension that cannot be searched. */
export class SearchSpaceInvalid extends Error {
  override readonly name = 'SearchSpaceInvalid';
  constructor(
    readonly dimension: string,
    what: string,
  ) {
    super(`${dimension}: ${what}`);
  }
}

/** @throws SearchSpaceInvalid naming the dimension. */
export function checkSpace(space: SearchSpace): void {
  for (const [name, { low, high, scale }] of Object.entries(space)) {
    if (!(low < high)) throw new SearchSpaceInvalid(name, `low (${low}) must be below high (${high})`);
    if (scale === 'log' && low <= 0)
      throw new SearchSpaceInvalid(name, `low (${low}) must be above 0 on a logarithmic scale`);
  }
}

/** 0 to 1 in each dimension, in the order of the space's keys. */
export function toUnit(space: SearchSpace, params: Params): number[] {
  return Object.entries(space).map(([name, { low, high, scale }]) => {
    const value = params[name] ?? low;
    const share = scale === 'log' ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    return Math.min(1, Math.max(0, share));
  });
}

export function fromUnit(space: SearchSpace, unit: readonly number[]): Params {
  return Object.fromEntries(
    Object.entries(space).map(([name, { low, high, scale, whole }], i) => {
      const share = unit[i] ?? 0;
      const value = scale === 'log' ? low * (high / low) ** share : low + share * (high - low);
      return [name, whole ? Math.round(value) : value];
    }),
  );
}
