import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";

const PASTE_ON = "\u001B[?2004h";
const PASTE_OFF = "\u001B[?2004l";

interface Terminal {
  input: NodeJS.ReadStream;
  output: NodeJS.WriteStream;
}

/**
 * Reads what a person enters, line by line. A pasted text with line ends is one entry, sent with
 * Enter; a line that ends in a backslash goes on in the next. Ctrl-C calls `onInterrupt` while
 * nothing is asked, else it empties the line.
 */
export class LineReader {
  readonly #lines: Interface;
  readonly #screen: Screen;
  readonly #terminal: Terminal;
  /** Entries that came before they were asked for. */
  readonly #early: string[] = [];
  #waiting: ((entry: string | undefined) => void) | undefined;
  #parts: string[] = [];
  #prompt = "";
  #isPasting = false;
  #isClosed = false;
  onInterrupt: () => void = () => undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    const { input, output } = terminal;
    this.#screen = new Screen(output);
    const isTerminal = input.isTTY && output.isTTY;
    this.#lines = createInterface({ input, output: this.#screen, terminal: isTerminal });
    this.#lines.on("line", (line) => this.#take(line));
    this.#lines.on("SIGINT", () => this.#interrupt());
    this.#lines.on("close", () => this.#end());
    if (!isTerminal) return;
    input.prependListener("keypress", (_text: string, key: { name?: string } = {}) => {
      if (key.name === "paste-start") this.#isPasting = true;
      if (key.name === "paste-end") this.#isPasting = false;
    });
    output.write(PASTE_ON);
  }

  /** The next entry, or undefined when there will be none. `draft` is put on the line to be edited. */
  ask(prompt: string, draft = ""): Promise<string | undefined> {
    const early = this.#early.shift();
    if (early !== undefined) {
      if (this.#terminal.output.isTTY) this.#terminal.output.write(`${prompt}${early}\n`);
      return Promise.resolve(early);
    }
    if (this.#isClosed) return Promise.resolve(undefined);
    this.#prompt = prompt;
    this.#screen.isMuted = false;
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#lines.setPrompt(prompt);
      this.#lines.prompt();
      if (draft !== "") this.#lines.write(draft);
    });
  }

  close(): void {
    this.#lines.close();
  }

  #take(line: string): void {
    const isContinued = !this.#isPasting && line.endsWith("\\");
    this.#parts.push(isContinued ? line.slice(0, -1) : line);
    if (this.#isPasting || isContinued) {
      if (this.#isPasting) return;
      this.#lines.setPrompt("... ");
      this.#lines.prompt();
      return;
    }
    const entry = this.#parts.join("\n");
    this.#parts = [];
    if (this.#waiting) this.#give(entry);
    else this.#early.push(entry);
  }

  #give(entry: string | undefined): void {
    const resolve = this.#waiting;
    this.#waiting = undefined;
    // What is typed while an answer is written must not get between its lines.
    this.#screen.isMuted = true;
    resolve?.(entry);
  }

  #interrupt(): void {
    if (!this.#waiting) return this.onInterrupt();
    const isEmpty = this.#lines.line === "" && this.#parts.length === 0;
    this.#parts = [];
    this.#lines.write(null, { ctrl: true, name: "e" });
    this.#lines.write(null, { ctrl: true, name: "u" });
    this.#terminal.output.write(isEmpty ? "\n(exit or Ctrl-D leaves)\n" : "^C\n");
    this.#lines.setPrompt(this.#prompt);
    this.#lines.prompt();
  }

  #end(): void {
    this.#isClosed = true;
    const rest = this.#parts.join("\n");
    this.#parts = [];
    if (this.#terminal.input.isTTY && this.#terminal.output.isTTY)
      this.#terminal.output.write(PASTE_OFF);
    this.#give(rest === "" ? undefined : rest);
  }
}

/** The terminal as readline sees it, which can be made to show nothing. */
class Screen extends Writable {
  readonly #output: NodeJS.WriteStream;
  isMuted = false;

  constructor(output: NodeJS.WriteStream) {
    super({ decodeStrings: false });
    this.#output = output;
    output.on("resize", () => this.emit("resize"));
  }

  get columns(): number {
    return this.#output.columns;
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    if (!this.isMuted) this.#output.write(chunk);
    done();
  }
}
