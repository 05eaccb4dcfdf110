// Turns single calls of the same moment into one batch: vectors of one encoder run arrive together, and the experts
// that wait for them work on all at once.

interface Pending<I, O> {
  input: I;
  resolve(output: O): void;
  reject(error: unknown): void;
}

/** `work` gets the inputs that came in the same turn of the event loop and gives one output each, in order. */
export function gather<I, O>(work: (inputs: I[]) => Promise<O[]>): (input: I) => Promise<O> {
  let pending: Pending<I, O>[] = [];
  const flush = async () => {
    const batch = pending;
    pending = [];
    try {
      const outputs = await work(batch.map((entry) => entry.input));
      batch.forEach((entry, i) => {
        const output = outputs[i];
        if (output === undefined) entry.reject(new RangeError(`${outputs.length} results for ${batch.length} inputs`));
        else entry.resolve(output);
      });
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
  };
  return (input) =>
    new Promise((resolve, reject) => {
      if (pending.length === 0) setImmediate(() => void flush());
      pending.push({ input, resolve, reject });
    });
}
