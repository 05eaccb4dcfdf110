// Vectors of texts seen lately, least recently used first to go.

/** A bounded map from text key to vector. What goes in and out is copied by the caller where it may be changed. */
export class MemoryVectors {
  private readonly vectors = new Map<string, Float32Array>();

  /** @param capacity vectors kept; 0 keeps none */
  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.vectors.size;
  }

  get(key: string): Float32Array | undefined {
    const vector = this.vectors.get(key);
    if (vector === undefined) return undefined;
    // A Map keeps the order of insertion: putting it in again makes it the youngest.
    this.vectors.delete(key);
    this.vectors.set(key, vector);
    return vector;
  }

  set(key: string, vector: Float32Array): void {
    this.vectors.delete(key);
    this.vectors.set(key, vector);
    if (this.vectors.size <= this.capacity) return;
    const oldest = this.vectors.keys().next();
    if (!oldest.done) this.vectors.delete(oldest.value);
  }

  clear(): void {
    this.vectors.clear();
  }
}
