import type { ModelFields } from "../../config/model-fields.ts";
import { dashscope } from "./dashscope.ts";
import { demo } from "./demo.ts";
import { plainDialect, type Dialect } from "./dialect.ts";
import { openai } from "./openai.ts";
import { siliconflow } from "./siliconflow.ts";
import { vllm } from "./vllm.ts";
import { zhipu } from "./zhipu.ts";

const DIALECTS: readonly Dialect[] = [
  openai,
  dashscope,
  zhipu,
  siliconflow,
  vllm,
  demo,
  plainDialect("deepseek", "CNY", ["api.deepseek.com"]),
  plainDialect("moonshot", "CNY", ["api.moonshot.cn", "api.moonshot.ai"]),
  plainDialect("openrouter", "USD", ["openrouter.ai"]),
];

/** The dialect of a model: `dialect`, else `server_type`, else what the host of the URL tells. */
export function dialectOf(fields: Pick<ModelFields, "dialect" | "server_type" | "url">): Dialect {
  if (fields.dialect !== undefined) return byName(fields.dialect);
  if (fields.server_type !== "openai") return byName(fields.server_type);
  return byHost(fields.url) ?? byName("generic");
}

function byName(name: string): Dialect {
  return DIALECTS.find((dialect) => dialect.name === name) ?? plainDialect(name, "USD");
}

function byHost(url: string | undefined): Dialect | undefined {
  if (url === undefined) return undefined;
  const host = new URL(url).hostname;
  return DIALECTS.find(({ hosts }) =>
    hosts.some((known) => host === known || host.endsWith(`.${known}`)),
  );
}

export type { Body, Dialect, ThinkingRequest } from "./dialect.ts";
