import { callPolicyOf } from "../call-policy.ts";
import type { Model } from "../model.ts";
import { CHAT_PROBES, probeAnswer } from "./chat-probes.ts";
import { probeContext } from "./context-probe.ts";
import type { Diagnosis, Finding } from "./finding.ts";
import { probeEmbedding, probeImage, probeRerank } from "./other-probes.ts";
import { Patient } from "./patient.ts";

export interface ExamineOptions {
  /** Whether to send the one prompt above the limit, the only probe that is long. */
  readonly hasContextProbe: boolean;
  /** Called with each finding as it is made. */
  readonly onFinding?: (finding: Finding) => void;
}

/** Asks a model one question after another and tells what it obeys; every question is a paid call. */
export async function examine(model: Model, options: ExamineOptions): Promise<Diagnosis> {
  const patient = new Patient(model);
  const findings: Finding[] = [];
  for await (const finding of findingsOf(patient, options)) {
    findings.push(finding);
    options.onFinding?.(finding);
  }
  const isHealthy = !findings.some(({ isFault }) => isFault);
  const { requests } = patient;
  return { model: model.id, isHealthy, calls: callPolicyOf(model), findings, requests };
}

async function* findingsOf(
  patient: Patient,
  options: ExamineOptions,
): AsyncGenerator<Finding, void> {
  const { fields } = patient.model;
  const reason = keyProblem(patient.model);
  if (reason !== undefined)
    yield { probe: "configuration", verdict: "no", detail: reason, isFault: true };
  else if (fields.model_type === "embedding") yield* await probeEmbedding(patient);
  else if (fields.model_type === "rerank") yield* await probeRerank(patient);
  else if (fields.model_type === "image") yield* await probeImage(patient);
  else yield* chatFindings(patient, options);
}

async function* chatFindings(
  patient: Patient,
  { hasContextProbe }: ExamineOptions,
): AsyncGenerator<Finding, void> {
  const answer = await probeAnswer(patient);
  yield answer;
  for (const probe of CHAT_PROBES) {
    if (answer.isFault) yield skipped(probe.name, "there was no answer");
    else yield await probe.run(patient);
  }
  if (answer.isFault) yield skipped("context limit", "there was no answer");
  else if (!hasContextProbe) yield skipped("context limit", "not asked (--no-context)");
  else yield await probeContext(patient);
}

const skipped = (probe: string, detail: string): Finding => ({
  probe,
  verdict: "skipped",
  detail,
  isFault: false,
});

/** The key alone decides: a model of a type that graphs cannot call can be examined all the same. */
function keyProblem(model: Model): string | undefined {
  const { state, reason } = model.status();
  return state === "no key" ? (reason ?? undefined) : undefined;
}
