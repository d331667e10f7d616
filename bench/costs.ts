import { Tiktoken } from "js-tiktoken/lite";
import cl100k from "js-tiktoken/ranks/cl100k_base";
import o200k from "js-tiktoken/ranks/o200k_base";
import { ServerGuard } from "../src/auth/guard.ts";
import { KeyRing } from "../src/auth/key-ring.ts";
import { systemClock } from "../src/core/clock.ts";
import { newId } from "../src/core/ids.ts";
import { createLog } from "../src/core/log.ts";
import { estimateText } from "../src/models/estimate.ts";
import type { ModelUsage } from "../src/models/usage-port.ts";
import { createKey } from "../src/services/keys/create.ts";
import { localSignals } from "../src/signals/local-signals.ts";
import { openStorage } from "../src/storage/open-storage.ts";
import type { Storage } from "../src/storage/ports.ts";
import { BudgetKeeper } from "../src/usage/budget-keeper.ts";
import { Ledger } from "../src/usage/ledger.ts";
import { fixed, signed, type Table } from "./bench.ts";

const SAMPLES = {
  Chinese:
    "大语言模型按词元计费，因此在调用之前就应当知道一段提示大约有多长。" +
    "如果历史消息超出了窗口，服务器会先裁剪最早的对话，再把剩下的内容发给模型。" +
    "今天上午我们讨论了三个问题：价格怎么算，预算怎么分，账单怎么对。",
  "Chinese and English":
    "用户可以在 config/models 里为每个 model 写一个 JSON 文件，字段 pay_in 和 pay_out 是每百万 tokens 的价格。" +
    "Over budget 的 run 会停在一个 interrupt 上，等 budget 提高之后再 resume。",
  English:
    "The ledger keeps one row for every call, whether it succeeded, failed or was cancelled. " +
    "A budget holds the most that a call may cost before it is made, and takes what it did cost " +
    "afterwards, so that parallel calls of several processes cannot spend what is not there.",
  code:
    "export function costMicros(prices: Prices, used: Billable): number | null {\n" +
    "  const rates = ratesOf(prices, used.promptTokens);\n" +
    "  for (const [name, rate] of Object.entries(rates)) {\n" +
    "    if (rate < 0n) throw new RangeError(`${name}: expected ${rate} >= 0`);\n  }\n" +
    "  return Number((scaled + SCALE / 2n) / SCALE);\n}\n",
  JSON: JSON.stringify({
    id: "chatcmpl-123",
    choices: [{ index: 0, message: { role: "assistant", content: "ok" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
  }),
};

/** How far token estimates are from what OpenAI's vocabularies count. */
export async function estimates(): Promise<Table> {
  const encoders = [new Tiktoken(o200k), new Tiktoken(cl100k)];
  return {
    title: "Token estimates",
    head: ["", "characters", "estimate", "error to o200k", "error to cl100k"],
    rows: Object.entries(SAMPLES).map(([name, text]) => {
      const estimate = estimateText(text);
      const errors = encoders.map((encoder) => {
        const exact = encoder.encode(text, [], []).length;
        return `${signed((estimate / exact - 1) * 100)} %`;
      });
      return [name, String(text.length), String(estimate), ...errors];
    }),
  };
}

const call = (): ModelUsage => ({
  callId: newId(),
  kind: "chat",
  modelId: "qwen",
  answeredBy: "qwen",
  runId: newId(),
  threadId: newId(),
  assistantId: "a",
  owner: "ann",
  keyId: "",
  units: 1,
  promptTokens: 900,
  completionTokens: 120,
  totalTokens: 1020,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costMicros: 414,
  currency: "CNY",
  estimated: false,
  usage: { prompt_tokens: 900, completion_tokens: 120, total_tokens: 1020 },
  status: "success",
  startedAtMs: systemClock.now(),
  durationMs: 900,
});

const CALLS = 5000;
const AT_ONCE = 20;

async function ledgerCost(withBudget: boolean): Promise<number> {
  const storage = await openStorage({ dataDir: ":memory:" });
  const { budgets } = storage;
  const log = createLog("silent");
  const keeper = new BudgetKeeper({ budgets, clock: systemClock, log, rates: new Map() });
  const ledger = new Ledger(storage.usage, { log, budgets: keeper });
  const at = { created_at: 0, updated_at: 0 };
  const own = { budget_id: "b", scope: "owner", subject: "*", per: "day" } as const;
  if (withBudget) await budgets.put({ ...own, ...at, currency: "CNY", limit_micros: 1e12 });
  const lane = async (): Promise<void> => {
    for (let made = 0; made < CALLS / AT_ONCE; made++) {
      const one = call();
      if (withBudget) await ledger.hold({ ...one, micros: 1000, budget: undefined });
      await ledger.record(one);
    }
  };
  await lane();
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const { user, system } = process.cpuUsage(before);
  await storage.close();
  return (user + system) / CALLS;
}

const CHECKS = 50_000;

/** What it costs to tell whose a key is, from the second request on. */
async function keyCheckCost(): Promise<number> {
  const storage = await openStorage({ dataDir: ":memory:" });
  const { guard, secret } = await guardOf(storage);
  const request = new Request("http://x", { headers: { "x-api-key": secret } });
  const check = async (times: number) => {
    for (let made = 0; made < times; made++) guard.admit(await guard.authenticate(request))?.();
  };
  await check(CHECKS / 10);
  const before = process.cpuUsage();
  await check(CHECKS);
  const { user, system } = process.cpuUsage(before);
  await storage.close();
  return (user + system) / CHECKS;
}

async function guardOf(storage: Storage): Promise<{ guard: ServerGuard; secret: string }> {
  const log = createLog("silent");
  const signals = localSignals();
  const ring = new KeyRing({ keys: storage.apiKeys, clock: systemClock, signals, log });
  const clock = systemClock;
  const parts = { ring, clock, localSecret: "local", handlers: undefined, admitsStudio: false };
  const guard = new ServerGuard(parts);
  const { secret } = await createKey({ storage, clock, guard }, { name: "bench" });
  return { guard, secret };
}

/** What the ledger, budgets and keys cost each call. */
export async function costs(): Promise<Table> {
  const [plain, held, key] = [
    await ledgerCost(false),
    await ledgerCost(true),
    await keyCheckCost(),
  ];
  return {
    title: `The price of knowing prices: CPU of a call, SQLite in memory, ${AT_ONCE} at once`,
    head: ["", "us"],
    rows: [
      ["recorded in the ledger", fixed(plain, 0)],
      ["held against a budget, recorded and settled", fixed(held, 0)],
      ["key checked", fixed(key, 1)],
    ],
  };
}
