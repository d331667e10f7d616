import type { ChatSession } from "./session.ts";

interface ChatCommand {
  readonly words: string;
  readonly help: string;
  run(session: ChatSession, argument: string): Promise<void> | void;
}

/** What can be entered beside messages, by its first word. */
export const COMMANDS: Readonly<Record<string, ChatCommand>> = {
  "/new": {
    words: "/new",
    help: "start a new conversation",
    run: (session) => session.begin(),
  },
  "/model": {
    words: "/model [id]",
    help: "list the models, or choose one for what follows",
    run: (session, id) => session.chooseModel(id),
  },
  "/graph": {
    words: "/graph [id]",
    help: "list the graphs, or talk to another one in a new conversation",
    run: (session, id) => session.chooseGraph(id),
  },
  "/history": {
    words: "/history",
    help: "show what was said in this conversation",
    run: (session) => session.showHistory(),
  },
  "/cost": {
    words: "/cost",
    help: "show the tokens and the price of this conversation",
    run: (session) => session.showCost(),
  },
  "/think": {
    words: "/think",
    help: "show or hide the model's thinking",
    run: (session) => session.toggleThinking(),
  },
  "/retry": {
    words: "/retry",
    help: "try the last answer again after a failure",
    run: (session) => session.retry(),
  },
  "/help": {
    words: "/help",
    help: "show this list",
    run: (session) => session.say(helpText()),
  },
};

const EXIT_WORDS: ReadonlySet<string> = new Set(["exit", "quit", "退出", "/exit", "/quit"]);

export const isExit = (entry: string): boolean => EXIT_WORDS.has(entry.trim().toLowerCase());

function helpText(): string {
  const commands = Object.values(COMMANDS).map(({ words, help }) => `${words.padEnd(14)}${help}`);
  return [
    ...commands,
    `${"exit".padEnd(14)}leave; so do quit, 退出 and Ctrl-D`,
    "Ctrl-C stops an answer. A line that ends in \\ goes on in the next; pasted lines stay together.",
  ].join("\n");
}
