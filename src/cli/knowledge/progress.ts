import { columnsOf, printable } from "../table.ts";

const WIDTH = 24;

interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** Shows how far documents have come: one line that changes on a terminal, else a line for each. */
export class Progress {
  readonly #output: Output;
  readonly #count: number;
  #done = 0;
  #chunks = 0;
  readonly #open = new Map<string, string>();

  constructor(output: Output, count: number) {
    this.#output = output;
    this.#count = count;
  }

  /** Chunks of a document that are done, of how many. */
  chunks(source: string, done: number, of: number): void {
    this.#open.set(source, `${source} ${done}/${of}`);
    this.#draw();
  }

  /** What became of a document. */
  end(source: string, result: string, chunks: number): void {
    this.#open.delete(source);
    this.#done += 1;
    this.#chunks += chunks;
    if (this.#output.isTTY === true) this.#draw();
    else this.#output.write(`${printable(`${source}: ${result}`)}\n`);
  }

  /** Takes the line away. */
  close(): void {
    if (this.#output.isTTY === true) this.#output.write("\r\u001b[K");
  }

  #draw(): void {
    if (this.#output.isTTY !== true) return;
    const filled = Math.round((this.#done / Math.max(1, this.#count)) * WIDTH);
    const bar = "#".repeat(filled).padEnd(WIDTH, ".");
    const now = [...this.#open.values()].at(-1) ?? "";
    const line = `[${bar}] ${this.#done}/${this.#count} files, ${this.#chunks} chunks  ${now}`;
    this.#output.write(`\r\u001b[K${cut(printable(line), (this.#output.columns ?? 80) - 1)}`);
  }
}

function cut(text: string, columns: number): string {
  let shown = text;
  while (columnsOf(shown) > columns) shown = shown.slice(0, -1);
  return shown;
}
