// What every part that needs meaning codes against: texts in, unit vectors out.
// The one thing to know: `encode` never blocks the event loop, keeps the order, and each vector has length 1,
// so a dot product is the cosine.

/** Turns texts into L2-normalised vectors. Implementations: ONNX in a worker thread, an OpenAI-compatible service. */
export interface Encoder {
  /** Names model and settings; two encoders with the same id give the same vectors. Part of every cache key. */
  readonly id: string;
  /** Length of each vector. */
  readonly dimensions: number;
  /**
   * One vector a text, in the order given. An empty text has a vector too.
   * @throws EncoderError: `retryable` says whether the same call may succeed later.
   * @throws the signal's reason when `signal` aborts; the work is dropped if nobody else waits for it.
   */
  encode(texts: readonly string[], options?: EncodeOptions): Promise<Float32Array[]>;
  /** Stops threads and connections, and rejects what still waits. Safe to call twice. */
  close(): Promise<void>;
}

export interface EncodeOptions {
  /** Gives the call up. Default: none. */
  signal?: AbortSignal;
}
