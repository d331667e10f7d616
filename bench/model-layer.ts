import { ChatOpenAI } from "@langchain/openai";
import { parseModelConfig } from "../src/config/model-config.ts";
import { systemClock } from "../src/core/clock.ts";
import { chatModel } from "../src/models/chat.ts";
import { MemoryLimiter } from "../src/models/limits/memory-limiter.ts";
import { TokenFactors } from "../src/models/tokens/token-factors.ts";
import { Model } from "../src/models/model.ts";
import { ModelRegistry } from "../src/models/registry.ts";
import { installRuntime } from "../src/models/runtime-handle.ts";
import { noLedger } from "../src/models/usage-port.ts";
import { type Bench, fixed, type Table } from "./bench.ts";
import { median } from "./measure.ts";

const SHORT = 20;
const LONG = 420;
const ROUNDS = { quick: 5, whole: 30 };
const PLAIN = { model: "bench", apiKey: "unused", timeout: 60_000 };
const PROMPT = "How are you?";

/** One way to ask, and how many calls of it make a round. */
interface Scenario {
  readonly name: string;
  readonly calls: number;
  readonly tokens: number;
  readonly ask: (model: ChatOpenAI) => Promise<unknown>;
}

async function read(model: ChatOpenAI): Promise<void> {
  for await (const _ of await model.stream(PROMPT));
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: "invoke",
    calls: 60,
    tokens: SHORT,
    ask: async (model) => await model.invoke(PROMPT),
  },
  { name: `stream of ${SHORT} tokens`, calls: 40, tokens: SHORT, ask: read },
  { name: `stream of ${LONG} tokens`, calls: 8, tokens: LONG, ask: read },
];

async function cpuMsPerCall(model: ChatOpenAI, { calls, ask }: Scenario): Promise<number> {
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call++) await ask(model);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / calls;
}

/** Medians of rounds that alternate, so that what else runs on the machine hits both alike. */
async function compare(scenario: Scenario, { upstream: url, isQuick }: Bench) {
  const maxTokens = scenario.tokens;
  const configuration = { baseURL: url };
  const plain = new ChatOpenAI({ ...PLAIN, maxTokens, configuration });
  const ours = chatModel({ maxTokens });
  const [a, b]: [number[], number[]] = [[], []];
  await cpuMsPerCall(plain, scenario);
  await cpuMsPerCall(ours, scenario);
  for (let round = 0; round < (isQuick ? ROUNDS.quick : ROUNDS.whole); round++) {
    a.push(await cpuMsPerCall(plain, scenario));
    b.push(await cpuMsPerCall(ours, scenario));
  }
  return { name: scenario.name, plain: median(a), ours: median(b) };
}

function install(url: string): () => void {
  const fields = { model: "bench", url, api_key: "unused", timeout: 60 };
  const config = parseModelConfig(fields, { file: "bench.json", dir: ".", env: {} });
  const models = [new Model(config, { clock: systemClock, log: undefined })];
  return installRuntime({
    version: 1,
    models: new ModelRegistry(models, "bench"),
    prompts: { render: (name) => ({ text: name }) },
    usage: noLedger,
    files: {
      keep: async () => ({ id: "", url: "" }),
      read: async () => undefined,
      readFor: async () => undefined,
      idOf: () => undefined,
    },
    limiter: new MemoryLimiter(),
    factors: new TokenFactors(),
  });
}

/**
 * What Kagari's model layer costs above a plain ChatOpenAI: the same calls over the same fake server,
 * turn by turn in one process, as CPU time of that process.
 */
export async function modelLayer(bench: Bench): Promise<Table> {
  const uninstall = install(bench.upstream);
  const rows = [];
  try {
    for (const scenario of SCENARIOS) rows.push(await compare(scenario, bench));
  } finally {
    uninstall();
  }
  const [, short, long] = rows;
  if (short && long) {
    const perToken = (key: "plain" | "ours") => (long[key] - short[key]) / (LONG - SHORT);
    rows.push({ name: "each token", plain: perToken("plain"), ours: perToken("ours") });
  }
  return {
    title: "The model layer beside a plain ChatOpenAI, CPU",
    head: ["", "Kagari ms", "ChatOpenAI ms", "Kagari to ChatOpenAI"],
    rows: rows.map(({ name, plain, ours }) => [
      name,
      fixed(ours, 4),
      fixed(plain, 4),
      fixed(ours / plain, 2),
    ]),
  };
}
