// Keeps the best few of many scored rows: a heap with the worst kept on top. Equal scores: the earlier row wins.

export interface Ranked {
  /** Row numbers, best first. */
  rows: Int32Array;
  scores: Float64Array;
}

export class Top {
  private count = 0;
  private readonly rows: Int32Array;
  private readonly scores: Float64Array;

  constructor(most: number) {
    this.rows = new Int32Array(most);
    this.scores = new Float64Array(most);
  }

  offer(row: number, score: number): void {
    const { rows, scores } = this;
    let at = 0;
    if (this.count < rows.length) {
      at = this.count++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!worse(score, row, scores[parent]!, rows[parent]!)) break;
        scores[at] = scores[parent]!;
        rows[at] = rows[parent]!;
        at = parent;
      }
    } else {
      if (!rows.length || !worse(scores[0]!, rows[0]!, score, row)) return;
      for (let child = 1; child < this.count; child = 2 * at + 1) {
        if (child + 1 < this.count && worse(scores[child + 1]!, rows[child + 1]!, scores[child]!, rows[child]!))
          child++;
        if (!worse(scores[child]!, rows[child]!, score, row)) break;
        scores[at] = scores[child]!;
        rows[at] = rows[child]!;
        at = child;
      }
    }
    scores[at] = score;
    rows[at] = row;
  }

  ranked(): Ranked {
    const order = Array.from({ length: this.count }, (_, i) => i);
    order.sort((a, b) => this.scores[b]! - this.scores[a]! || this.rows[a]! - this.rows[b]!);
    return {
      rows: Int32Array.from(order, (i) => this.rows[i]!),
      scores: Float64Array.from(order, (i) => this.scores[i]!),
    };
  }
}

const worse = (score: number, row: number, than: number, thanRow: number): boolean =>
  score < than || (score === than && row > thanRow);
