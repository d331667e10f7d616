import { asWireObject } from "../wire.ts";
import type { Finding } from "./finding.ts";
import type { Patient } from "./patient.ts";

/** Embeds one sentence and looks at its length. */
export async function probeEmbedding(patient: Patient): Promise<Finding[]> {
  const { fields, modelName } = patient.model;
  const { dimensions: wanted } = fields;
  const reply = await patient.post("embedding", "/embeddings", {
    model: modelName,
    input: ["the quick brown fox"],
    encoding_format: fields.encoding_format ?? "float",
    ...(wanted === undefined ? {} : { dimensions: wanted }),
  });
  const data = reply.body?.["data"];
  const vector = asWireObject(Array.isArray(data) ? data[0] : undefined)?.["embedding"];
  const size = sizeOf(vector);
  if (size === undefined)
    return [failed("embedding", reply.problem ?? "the answer holds no vector")];
  const isAsWanted = wanted === undefined || wanted === size;
  const detail = isAsWanted ? `${size} dimensions` : `${size} dimensions, the file says ${wanted}`;
  return [{ probe: "embedding", verdict: isAsWanted ? "yes" : "no", detail, isFault: !isAsWanted }];
}

/** Ranks two documents, one of which answers the question. */
export async function probeRerank(patient: Patient): Promise<Finding[]> {
  const { fields, modelName } = patient.model;
  const reply = await patient.post("rerank", fields.rerank_path ?? "/rerank", {
    model: modelName,
    query: "What is the capital of France?",
    documents: ["Bread is baked in an oven.", "Paris is the capital of France."],
    top_n: 2,
  });
  const output = asWireObject(reply.body?.["output"]);
  const results = reply.body?.["results"] ?? output?.["results"] ?? reply.body?.["data"];
  const best = asWireObject(Array.isArray(results) ? results[0] : undefined);
  if (best === undefined) return [failed("rerank", reply.problem ?? "the answer holds no results")];
  const isRight = best["index"] === 1;
  const detail = isRight ? "the fitting document comes first" : "the other document comes first";
  return [{ probe: "rerank", verdict: isRight ? "yes" : "no", detail, isFault: !isRight }];
}

/** Asks for the list of models only: a picture would cost money. */
export async function probeImage(patient: Patient): Promise<Finding[]> {
  const reply = await patient.post("key", "/models");
  if (reply.status === 401 || reply.status === 403 || reply.status === 0)
    return [failed("key", reply.problem ?? "refused")];
  const isListed = reply.problem === undefined;
  const detail = isListed ? "the list of models can be read" : "the server has no list of models";
  return [{ probe: "key", verdict: isListed ? "yes" : "unsure", detail, isFault: false }];
}

const failed = (probe: string, detail: string): Finding => ({
  probe,
  verdict: "no",
  detail,
  isFault: true,
});

function sizeOf(vector: unknown): number | undefined {
  if (Array.isArray(vector)) return vector.length;
  const bytes = typeof vector === "string" ? Buffer.from(vector, "base64").length : 0;
  return bytes > 0 && bytes % 4 === 0 ? bytes / 4 : undefined;
}
