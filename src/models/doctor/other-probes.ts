import { reasonOf } from "../../core/errors.ts";
import { embeddingRequest } from "../embedding/request.ts";
import { readVectors } from "../embedding/vectors.ts";
import { fetchImage } from "../image/fetch-image.ts";
import { readImages } from "../image/read.ts";
import { imageRequest, imageSubmission } from "../image/request.ts";
import { rerankRequest } from "../rerank/request.ts";
import { readRanking } from "../rerank/rerank.ts";
import { untilDone } from "../task/wait.ts";
import { isMadeInBackground, taskIdOf } from "../task/wire.ts";
import type { Finding } from "./finding.ts";
import type { Patient } from "./patient.ts";

/** Embeds one sentence and looks at its length. */
export async function probeEmbedding(patient: Patient): Promise<Finding[]> {
  const { model } = patient;
  const { dimensions: wanted } = model.fields;
  const request = embeddingRequest(model, ["the quick brown fox"]);
  const reply = await patient.send("embedding", request);
  if (reply.problem !== undefined) return [failed("embedding", reply.problem)];
  try {
    const size = readVectors(model, reply.body, 1)[0]?.length;
    const isAsWanted = wanted === undefined || wanted === size;
    const detail = isAsWanted
      ? `${size} dimensions`
      : `${size} dimensions, the file says ${wanted}`;
    return [
      { probe: "embedding", verdict: isAsWanted ? "yes" : "no", detail, isFault: !isAsWanted },
    ];
  } catch (error) {
    return [failed("embedding", reasonOf(error))];
  }
}

/** Ranks two documents, one of which answers the question. */
export async function probeRerank(patient: Patient): Promise<Finding[]> {
  const { model } = patient;
  const documents = ["Bread is baked in an oven.", "Paris is the capital of France."];
  const query = "What is the capital of France?";
  const reply = await patient.send("rerank", rerankRequest(model, { query, documents }));
  if (reply.problem !== undefined) return [failed("rerank", reply.problem)];
  try {
    const ranked = readRanking(model, reply.body, documents.length);
    const [best] = ranked.toSorted((a, b) => b.score - a.score);
    const isRight = best?.index === 1;
    const detail = isRight ? "the fitting document comes first" : "the other document comes first";
    return [{ probe: "rerank", verdict: isRight ? "yes" : "no", detail, isFault: !isRight }];
  } catch (error) {
    return [failed("rerank", reasonOf(error))];
  }
}

/** Has one image made, and brings it here. */
export async function probeImage(patient: Patient): Promise<Finding[]> {
  const { model } = patient;
  const wish = { prompt: "A red apple on a white table" };
  const isTask = isMadeInBackground(model);
  const request = isTask
    ? imageSubmission(model, wish, { count: 1 })
    : imageRequest(model, wish, 1);
  const reply = await patient.send("image", request);
  if (reply.problem !== undefined) return [failed("image", reply.problem)];
  try {
    const answer = isTask
      ? await untilDone(model, taskIdOf(model, reply.body), undefined)
      : reply.body;
    const [source] = readImages(model, answer);
    if (source === undefined) return [failed("image", "the answer holds no image")];
    const { bytes, contentType } = await fetchImage(model, source, undefined);
    const detail = `${contentType}, ${bytes.length} bytes${isTask ? ", made as a task" : ""}`;
    return [{ probe: "image", verdict: "yes", detail, isFault: false }];
  } catch (error) {
    return [failed("image", reasonOf(error))];
  }
}

const failed = (probe: string, detail: string): Finding => ({
  probe,
  verdict: "no",
  detail,
  isFault: true,
});
