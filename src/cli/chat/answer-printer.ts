import { styleText } from "node:util";
import { printable } from "../table.ts";
import type { Piece } from "./pieces.ts";

const MAX_LINE = 200;
/** What would move the cursor or change colours, but for line ends and tabs. */
const CONTROL = /(?![\n\t])[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

export interface PrinterOptions {
  write(text: string): void;
  hasColour: boolean;
  showsThinking: boolean;
}

/** Writes an answer as it comes: thinking dimmed or only hinted at, tools on lines of their own. */
export class AnswerPrinter {
  readonly #options: PrinterOptions;
  readonly #calls = new Set<string>();
  #kind: Piece["kind"] | undefined;
  #isAtLineStart = true;

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  add(piece: Piece): void {
    if (piece.kind === "question") return;
    if (piece.kind === "call" && this.#calls.has(piece.id)) return;
    if (piece.kind !== this.#kind || (piece.kind !== "text" && piece.kind !== "thinking"))
      this.#startLine();
    const isNew = piece.kind !== this.#kind;
    this.#kind = piece.kind;
    switch (piece.kind) {
      case "text":
        return this.#write(piece.text);
      case "thinking":
        if (this.#options.showsThinking) return this.#dim(piece.text);
        return isNew ? this.#dim("(thinking)") : undefined;
      case "progress":
        return this.#dim(`  ${short(piece.text)}`);
      case "call":
        this.#calls.add(piece.id);
        return this.#dim(`> ${piece.name} ${short(JSON.stringify(piece.args))}`);
      case "result":
        return this.#dim(`< ${piece.name}: ${short(piece.text)}`);
      case "error":
        return this.#paint("red", `${piece.name}: ${piece.message}`);
    }
  }

  /** Ends the line the answer stopped on. */
  end(): void {
    this.#startLine();
    this.#kind = undefined;
  }

  /** A remark of the program itself, on a line of its own. */
  note(text: string): void {
    this.#startLine();
    this.#dim(text);
    this.end();
  }

  #startLine(): void {
    if (!this.#isAtLineStart) this.#write("\n");
  }

  #dim(text: string): void {
    this.#paint("dim", text);
  }

  #paint(style: "dim" | "red", text: string): void {
    const clean = text.replaceAll(CONTROL, "\uFFFD");
    const painted = this.#options.hasColour
      ? styleText(style, clean, { validateStream: false })
      : clean;
    this.#options.write(painted);
    this.#isAtLineStart = clean.endsWith("\n");
  }

  #write(text: string): void {
    const clean = text.replaceAll(CONTROL, "\uFFFD");
    if (clean === "") return;
    this.#options.write(clean);
    this.#isAtLineStart = clean.endsWith("\n");
  }
}

function short(text: string): string {
  const line = printable(text);
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}...` : line;
}
