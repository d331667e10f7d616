import type { ModelFields } from "../../config/model-fields.ts";
import { cohere } from "./cohere.ts";
import { dashscope } from "./dashscope.ts";
import { deepseek } from "./deepseek.ts";
import { demo } from "./demo.ts";
import { plainDialect, type Dialect } from "./dialect.ts";
import { jina } from "./jina.ts";
import { llamacpp } from "./llamacpp.ts";
import { lmstudio } from "./lmstudio.ts";
import { moonshot } from "./moonshot.ts";
import { ollama, ollamaNative } from "./ollama.ts";
import { openai } from "./openai.ts";
import { openrouter } from "./openrouter.ts";
import { sglang } from "./sglang.ts";
import { siliconflow } from "./siliconflow.ts";
import { vllm } from "./vllm.ts";
import { zhipu } from "./zhipu.ts";

const DIALECTS: readonly Dialect[] = [
  openai,
  dashscope,
  zhipu,
  siliconflow,
  deepseek,
  moonshot,
  vllm,
  sglang,
  ollama,
  ollamaNative,
  lmstudio,
  llamacpp,
  openrouter,
  jina,
  cohere,
  demo,
];

const LOCAL_HOST = /^(?:localhost|127\.|\[::1\]|host\.docker\.internal$)/;

/** The dialect of a model: `dialect`, else `server_type`, else what host and port of the URL tell. */
export function dialectOf(fields: Pick<ModelFields, "dialect" | "server_type" | "url">): Dialect {
  if (fields.dialect !== undefined) return byName(fields.dialect);
  if (fields.server_type !== "openai") return byName(fields.server_type);
  return byAddress(fields.url) ?? byName("generic");
}

function byName(name: string): Dialect {
  return DIALECTS.find((dialect) => dialect.name === name) ?? plainDialect(name, "USD");
}

function byAddress(address: string | undefined): Dialect | undefined {
  if (address === undefined) return undefined;
  const { hostname, port } = new URL(address);
  const known = DIALECTS.find(({ hosts }) =>
    hosts.some((host) => hostname === host || hostname.endsWith(`.${host}`)),
  );
  // The port of a public address says nothing: gateways of all kinds sit on 8000 and 8080.
  if (known !== undefined || !LOCAL_HOST.test(hostname)) return known;
  return DIALECTS.find((dialect) => dialect.port !== undefined && String(dialect.port) === port);
}

export type {
  Body,
  Dialect,
  MediaKind,
  MediaRules,
  ParameterRules,
  SendBack,
  ThinkingRequest,
  ThinkingWish,
} from "./dialect.ts";
export type { EmbeddingPurpose, TaskRules } from "./other-rules.ts";
