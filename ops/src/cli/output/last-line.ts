// One line at the bottom of a terminal that changes in place while others scroll past above it. Elsewhere nothing is drawn.

export interface LastLine {
  /** Prints above it. */
  above(print: () => void): void;
  stop(): void;
}

const EVERY_MS = 500;

/** @param text asked for twice a second */
export function lastLine(text: () => string, stream: NodeJS.WriteStream = process.stderr): LastLine {
  if (!stream.isTTY) return { above: (print) => print(), stop: () => undefined };
  const clear = () => stream.write('\r\x1b[2K');
  const draw = () => stream.write(`\r\x1b[2K${text().slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
  const timer = setInterval(draw, EVERY_MS);
  draw();
  return {
    above(print) {
      clear();
      print();
      draw();
    },
    stop() {
      clearInterval(timer);
      clear();
    },
  };
}
