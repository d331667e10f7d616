import { reasonOf } from "../../core/errors.ts";
import { answersTo, type Question } from "./approval.ts";
import { AnswerPrinter } from "./answer-printer.ts";
import { COMMANDS, isExit } from "./commands.ts";
import type { Conversation } from "./conversation.ts";
import type { LineReader } from "./line-reader.ts";
import type { Piece } from "./pieces.ts";

const PROMPT = "> ";

interface SessionParts {
  conversation: Conversation;
  reader: LineReader;
  output: NodeJS.WriteStream;
  showsThinking: boolean;
}

type Turn = (signal: AbortSignal) => AsyncGenerator<Piece>;

/** A chat in a terminal, from the first prompt to the exit. */
export class ChatSession {
  readonly #conversation: Conversation;
  readonly #reader: LineReader;
  readonly #output: NodeJS.WriteStream;
  #showsThinking: boolean;
  /** The turn that failed last, to be tried again. */
  #failed: Turn | undefined;
  /** Whether an exit word was the answer to a question. */
  #isLeaving = false;

  constructor({ conversation, reader, output, showsThinking }: SessionParts) {
    this.#conversation = conversation;
    this.#reader = reader;
    this.#output = output;
    this.#showsThinking = showsThinking;
  }

  async run(): Promise<void> {
    for (;;) {
      const entry = await this.#reader.ask(PROMPT);
      if (entry === undefined || isExit(entry)) break;
      const text = entry.trim();
      if (text === "") continue;
      const [word = "", ...rest] = text.split(/\s+/);
      if (!word.startsWith("/"))
        await this.#talk((signal) => this.#conversation.say(entry, signal));
      else await this.#command(word, rest.join(" "));
      if (this.#isLeaving) break;
    }
    this.#reader.close();
  }

  say(text: string): void {
    this.#printer().note(text);
  }

  begin(): void {
    this.#failed = undefined;
    this.#conversation.begin();
    this.say("New conversation.");
  }

  async chooseModel(id: string): Promise<void> {
    const models = await this.#conversation.models();
    if (id === "") return this.say(list(models, this.#conversation.model));
    if (!models.includes(id))
      return this.say(`No model is called ${id}. There are: ${models.join(", ")}`);
    this.#conversation.model = id;
    this.say(`Model: ${id}`);
  }

  async chooseGraph(id: string): Promise<void> {
    const graphs = await this.#conversation.graphs();
    if (id === "") return this.say(list(graphs, this.#conversation.graph));
    if (!graphs.includes(id))
      return this.say(`No graph is called ${id}. There are: ${graphs.join(", ")}`);
    this.#conversation.graph = id;
    this.say(`Graph: ${id}`);
    this.begin();
  }

  async showHistory(): Promise<void> {
    const said = await this.#conversation.history();
    if (said.length === 0) return this.say("Nothing was said yet.");
    this.say(said.map(({ role, text }) => (role === "you" ? `${PROMPT}${text}` : text)).join("\n"));
  }

  async showCost(): Promise<void> {
    this.say(await this.#conversation.cost());
  }

  toggleThinking(): void {
    this.#showsThinking = !this.#showsThinking;
    this.say(`Thinking is ${this.#showsThinking ? "shown" : "hidden"}.`);
  }

  async retry(): Promise<void> {
    if (this.#failed) await this.#talk(this.#failed);
    else this.say("Nothing has failed.");
  }

  async #command(word: string, argument: string): Promise<void> {
    const command = COMMANDS[word.toLowerCase()];
    if (!command) return this.say(`There is no ${word}; /help lists what there is.`);
    try {
      await command.run(this, argument);
    } catch (error) {
      this.say(reasonOf(error));
    }
  }

  /** One turn: the answer, and the answers to what the graph asks meanwhile. */
  async #talk(first: Turn): Promise<void> {
    let turn: Turn | undefined = first;
    while (turn) {
      this.#conversation.next();
      const questions = await this.#show(turn);
      if (questions.length === 0) return;
      const answer = await answersTo(questions, (prompt, draft) => this.#ask(prompt, draft));
      if (answer === undefined) return;
      turn = (signal) => this.#conversation.answer(answer, signal);
    }
  }

  /** What is answered to a question; the words that leave do so here too. */
  async #ask(prompt: string, draft?: string): Promise<string | undefined> {
    const entry = await this.#reader.ask(prompt, draft);
    this.#isLeaving = entry !== undefined && isExit(entry);
    return this.#isLeaving ? undefined : entry;
  }

  async #show(turn: Turn): Promise<Question[]> {
    const printer = this.#printer();
    const questions = new Map<string, Question>();
    const controller = new AbortController();
    this.#reader.onInterrupt = () => controller.abort();
    this.#failed = undefined;
    try {
      for await (const piece of turn(controller.signal)) {
        printer.add(piece);
        if (piece.kind === "question") questions.set(piece.id, piece);
        if (piece.kind === "error") {
          this.#failed = (signal) => this.#conversation.resume(signal);
          printer.note("/retry tries again.");
        }
      }
      printer.end();
    } catch (error) {
      if (controller.signal.aborted) await this.#stop(printer);
      else {
        this.#failed = turn;
        printer.note(`The server did not answer: ${reasonOf(error)}. /retry tries again.`);
      }
      return [];
    } finally {
      this.#reader.onInterrupt = () => undefined;
    }
    return [...questions.values()];
  }

  async #stop(printer: AnswerPrinter): Promise<void> {
    await this.#conversation.stop().catch((error: unknown) => printer.note(reasonOf(error)));
    printer.note("(stopped)");
  }

  #printer(): AnswerPrinter {
    const { isTTY } = this.#output;
    return new AnswerPrinter({
      write: (text) => void this.#output.write(text),
      hasColour: isTTY && this.#output.hasColors(),
      showsThinking: this.#showsThinking,
    });
  }
}

const list = (ids: readonly string[], chosen: string | undefined): string =>
  ids.map((id) => (id === chosen ? `* ${id}` : `  ${id}`)).join("\n");
