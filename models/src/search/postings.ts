// One term's documents: numbers in ascending order with how often the term stands in title and text. Six bytes a document.

const FIRST = 4;
const MOST = 255;

export class Postings {
  rows = new Uint32Array(FIRST);
  /** Times in the title, times in the text; 255 means "at least". */
  titles = new Uint8Array(FIRST);
  texts = new Uint8Array(FIRST);
  length = 0;

  add(row: number, inTitle: number, inText: number): void {
    if (this.length === this.rows.length) this.resize(this.length + (this.length >> 1) + FIRST);
    this.rows[this.length] = row;
    this.titles[this.length] = Math.min(MOST, inTitle);
    this.texts[this.length++] = Math.min(MOST, inText);
  }

  /** Documents that are still there. */
  alive(gone: Uint8Array): number {
    let count = 0;
    for (let i = 0; i < this.length; i++) if (!gone[this.rows[i]!]) count++;
    return count;
  }

  /** Gives documents their new numbers; those without one are dropped. Order is kept, so `renumbered` must ascend. */
  renumber(renumbered: Int32Array): void {
    let kept = 0;
    for (let i = 0; i < this.length; i++) {
      const row = renumbered[this.rows[i]!]!;
      if (row < 0) continue;
      this.rows[kept] = row;
      this.titles[kept] = this.titles[i]!;
      this.texts[kept++] = this.texts[i]!;
    }
    this.length = kept;
    this.resize(Math.max(FIRST, kept));
  }

  private resize(size: number): void {
    const { rows, titles, texts } = this;
    this.rows = new Uint32Array(size);
    this.titles = new Uint8Array(size);
    this.texts = new Uint8Array(size);
    this.rows.set(rows.subarray(0, this.length));
    this.titles.set(titles.subarray(0, this.length));
    this.texts.set(texts.subarray(0, this.length));
  }
}
