/** What a piece of text adds to the answer and to the reasoning before it. */
export interface SplitText {
  content: string;
  reasoning: string;
}

const OPEN = "<think>";
const CLOSE = "</think>";
const FIRST_WORD = /\S/;

type State = "start" | "thinking" | "gap" | "answer";

export interface ThinkParserOptions {
  /** The prompt already opened the tag: the answer begins with thinking and only closes it. */
  readonly isOpen?: boolean;
}

/**
 * Splits `<think>` from an answer that comes in pieces cut anywhere, in time linear to its length.
 * Tags count only at the start of the message; thinking that is never closed stays thinking, and
 * blanks around thinking belong to neither side.
 */
export class ThinkParser {
  #state: State;
  /** The beginning of a tag, at most, that the next piece may complete. */
  #held = "";
  /** Blanks that count only if more follows. */
  #blanks = "";
  #hasThought = false;
  readonly #isOpen: boolean;

  constructor({ isOpen = false }: ThinkParserOptions = {}) {
    this.#isOpen = isOpen;
    this.#state = "start";
  }

  /** Whether all that follows is answer, so that nothing is held back any more. */
  get isDone(): boolean {
    return this.#state === "answer";
  }

  /** Whether thinking has begun and not ended. */
  get isThinking(): boolean {
    return this.#state === "thinking";
  }

  push(text: string): SplitText {
    const split: SplitText = { content: "", reasoning: "" };
    let rest = this.#held + text;
    this.#held = "";
    while (rest !== "") rest = this.#step(rest, split);
    return split;
  }

  /** What was held back, once nothing follows. */
  end(): SplitText {
    const held = this.#held;
    const blanks = this.#blanks;
    this.#held = "";
    this.#blanks = "";
    if (this.#state === "thinking")
      return { content: "", reasoning: held === "" ? "" : blanks + held };
    return { content: this.#state === "gap" ? "" : blanks + held, reasoning: "" };
  }

  /** Reads what it can; answers what is left to read in the state it leaves. */
  #step(text: string, split: SplitText): string {
    switch (this.#state) {
      case "start":
        return this.#start(text, split);
      case "thinking":
        return this.#think(text, split);
      case "gap":
        return this.#skipGap(text);
      case "answer":
        split.content += text;
        return "";
    }
  }

  #start(text: string, split: SplitText): string {
    const at = text.search(FIRST_WORD);
    if (at < 0) {
      this.#blanks += text;
      return "";
    }
    this.#blanks += text.slice(0, at);
    const rest = text.slice(at);
    if (rest.startsWith(OPEN)) return this.#enter("thinking", rest.slice(OPEN.length));
    if (OPEN.startsWith(rest)) {
      this.#held = rest;
      return "";
    }
    if (this.#isOpen) return this.#enter("thinking", rest);
    split.content += this.#blanks;
    return this.#enter("answer", rest);
  }

  #think(text: string, split: SplitText): string {
    const close = text.indexOf(CLOSE);
    const said = close < 0 ? text.slice(0, text.length - partialTag(text)) : text.slice(0, close);
    this.#addThought(said, split);
    if (close >= 0) return this.#enter("gap", text.slice(close + CLOSE.length));
    this.#held = text.slice(said.length);
    return "";
  }

  #addThought(text: string, split: SplitText): void {
    const first = text.search(FIRST_WORD);
    if (first < 0) {
      if (this.#hasThought) this.#blanks += text;
      return;
    }
    const end = lastWordEnd(text);
    split.reasoning += this.#hasThought
      ? this.#blanks + text.slice(0, end)
      : text.slice(first, end);
    this.#blanks = text.slice(end);
    this.#hasThought = true;
  }

  #skipGap(text: string): string {
    const at = text.search(FIRST_WORD);
    return at < 0 ? "" : this.#enter("answer", text.slice(at));
  }

  #enter(state: State, rest: string): string {
    this.#state = state;
    this.#blanks = "";
    return rest;
  }
}

/** Length of the end of a text that may be the beginning of the closing tag. */
function partialTag(text: string): number {
  const from = text.lastIndexOf("<");
  if (from < 0 || text.length - from >= CLOSE.length) return 0;
  return CLOSE.startsWith(text.slice(from)) ? text.length - from : 0;
}

function lastWordEnd(text: string): number {
  let end = text.length;
  while (end > 0 && !FIRST_WORD.test(text.charAt(end - 1))) end--;
  return end;
}

/** A closing tag at the end of its line, as templates write it. */
const CLOSED_LINE = /<\/think>[ \t]*(?:\r?\n|$)/;

export interface SplitOptions extends ThinkParserOptions {
  /** Whether a text that only closes the tag began with thinking. */
  readonly mayClose?: boolean;
}

/** Splits a whole text. */
export function splitThinking(text: string, options: SplitOptions = {}): SplitText {
  const { isOpen = false, mayClose = false } = options;
  const parser = new ThinkParser({ isOpen: isOpen || (mayClose && closesOnly(text)) });
  const head = parser.push(text);
  const tail = parser.end();
  return { content: head.content + tail.content, reasoning: head.reasoning + tail.reasoning };
}

function closesOnly(text: string): boolean {
  const close = text.search(CLOSED_LINE);
  return close >= 0 && text.indexOf(CLOSE) === close && !text.slice(0, close).includes(OPEN);
}
