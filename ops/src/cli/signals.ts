// Ctrl-C and SIGTERM: the first asks to end in order, the second ends at once.

/** Resolves at the first signal; `onSecond` at the next. */
export function askedToEnd(onSecond: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const on = (signal: NodeJS.Signals) => {
      if (asked) onSecond();
      asked = true;
      resolve(signal);
    };
    process.on('SIGINT', on).on('SIGTERM', on);
  });
}
