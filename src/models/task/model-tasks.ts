import { AppError, UpstreamError } from "../../core/errors.ts";
import { derivedId } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import { askedModel, type ImageInput, type Task, type TaskWork } from "../../domain/task.ts";
import { delayBefore, retryPolicyOf } from "../attempts/retry.ts";
import { kept } from "../billing.ts";
import { holdMoney } from "../budget/hold.ts";
import { estimateText } from "../estimate.ts";
import { failedTask, isAbort } from "../failures/upstream-error.ts";
import { fetchImage } from "../image/fetch-image.ts";
import { generateImages, maxCountOf } from "../image/generate.ts";
import { readImages, type ImageSource } from "../image/read.ts";
import { countOf, imageSubmission, type ImageWish } from "../image/request.ts";
import { takeTicket } from "../limits/ticket.ts";
import { longestAnswer } from "../longest-answer.ts";
import type { Model } from "../model.ts";
import { originOfUser } from "../provider/origin.ts";
import { billOf, planned, type Ask, type CallEnd, type Measure } from "../provider/meter.ts";
import type { TokenFactors } from "../tokens/token-factors.ts";
import type { ModelRegistry } from "../registry.ts";
import type { WireObject } from "../wire.ts";
import type { ModelTasks, TaskProgress, TaskYield, WrittenOff } from "./model-tasks-port.ts";
import { nextFallback } from "./fallback.ts";
import { endOf, patienceOf, pauseMs } from "./wait.ts";
import { callOff, isProviderTask, lookAtTask, submitToProvider, taskRulesOf } from "./wire.ts";

interface Parts extends Pick<Ask, "usage" | "limiter"> {
  readonly models: ModelRegistry;
  readonly factors: TokenFactors;
}

/** A call of a task's model, to be cut off by the signal. */
interface Asked extends Ask {
  readonly signal: AbortSignal;
  readonly factors: TokenFactors;
}

/** The longest wait for a rate limit, in which the task is kept from others. */
const ADMISSION_MS = 5000;

/** The tasks of a server's models. */
export function createModelTasks({ models, factors, ...parts }: Parts): ModelTasks {
  /** Of a task whose model may not be called any more. */
  const configured = (task: Task): Model => models.requireType(askedModel(task), task.kind);
  const askOf = (task: Task, model: Model): Ask => ({
    model,
    ...parts,
    origin: originOfUser(task.created_by),
  });
  const callable = (task: Task, signal: AbortSignal): Asked => {
    const model = models.get(askedModel(task), task.kind);
    return { ...askOf(task, model), factors, signal };
  };
  return {
    check(work, id) {
      const model = models.get(id ?? models.defaultOf(work.kind), work.kind);
      checkWork(model, work);
      return model.id;
    },
    isProviderTask: (task) => isProviderTask(configured(task), task.kind),
    admit: (task, signal) => admit(callable(task, signal), task),
    submit: (task, signal) => submit(callable(task, signal), task),
    look: (task, signal) => look(callable(task, signal), task),
    make: (task, signal) => make(callable(task, signal), task),
    async callOff(task) {
      const { provider_task_id: id } = task;
      if (id !== null) await callOff(configured(task), id, undefined);
    },
    pauseMs: (task) => pauseMs(patienceOf(configured(task)).intervalMs, task.attempts),
    retryMs(task, error) {
      if (!(error instanceof UpstreamError)) return undefined;
      const policy = retryPolicyOf(configured(task));
      return delayBefore(error, { policy, attempt: task.attempts + 1, random: Math.random() });
    },
    fallBack: (task, error) => nextFallback(models, task, error),
    writeOff: (task, as) => writeOff(askOf(task, configured(task)), task, as),
  };
}

async function admit({ model, limiter, signal }: Asked, task: Task) {
  const patience = AbortSignal.timeout(ADMISSION_MS);
  const tokens = () => promptTokens(task);
  const stop = AbortSignal.any([signal, patience]);
  try {
    return await takeTicket(model, { limiter, tokens, signal: stop });
  } catch (error) {
    if (signal.aborted || !patience.aborted) throw error;
    return undefined;
  }
}

async function submit(ask: Asked, task: Task): Promise<{ id: string; maxWaitMs: number }> {
  const { model, signal } = ask;
  const request = await submissionOf(ask, task);
  const answerTokens = task.kind === "chat" ? longestAnswer(model, request.body ?? {}) : 0;
  const measure = { ...measureOf(task, unitsOf(model, task)), answerTokens };
  await holdMoney(ask, planned(ask, { measure, callId: callIdOf(task) }));
  try {
    const id = await submitToProvider(model, request, signal);
    return { id, maxWaitMs: patienceOf(model).maxWaitMs };
  } catch (error) {
    // Of one that is cut off nobody knows whether it arrived.
    if (!isAbort(error)) await record(ask, task, { ...NOTHING, status: "error" });
    throw error;
  }
}

async function writeOff(ask: Ask, task: Task, as: WrittenOff): Promise<void> {
  const { model } = ask;
  if (as === "lost" && isKnownById(model, task)) return;
  const end: CallEnd =
    as === "lost"
      ? { ...NOTHING, status: "error", units: unitsOf(model, task), isUnknown: true }
      : { ...NOTHING, status: as };
  await record(ask, task, end);
}

const NOTHING = { answer: undefined, units: 0 };

const isKnownById = (model: Model, { kind }: Task): boolean =>
  isProviderTask(model, kind) && taskRulesOf(model)?.idField !== undefined;

function checkWork(model: Model, work: TaskWork): void {
  if (work.kind === "chat") return;
  const count = countOf(model, wishOf(work.input));
  const most = maxCountOf(model);
  if (count > most && isProviderTask(model, "image"))
    throw new AppError(
      "validation",
      `input.n: ${model.label} makes ${most} ${most === 1 ? "image" : "images"} a task; submit more tasks`,
    );
}

const wishOf = ({ prompt, size, n: count, ...parameters }: ImageInput): ImageWish => ({
  prompt,
  size,
  count,
  parameters,
});

async function submissionOf({ model, factors, signal }: Asked, task: Task) {
  if (task.kind === "chat") {
    // Only here, so that the server starts without LangChain.
    const { chatSubmission } = await import("./chat.ts");
    return await chatSubmission(model, { input: task.input, id: task.task_id, factors, signal });
  }
  const wish = wishOf(task.input);
  return imageSubmission(model, wish, { count: countOf(model, wish), id: task.task_id });
}

async function look(ask: Ask, task: Task): Promise<TaskProgress> {
  const { model, signal } = ask;
  const seen = await lookAtTask(model, task.provider_task_id ?? "", signal);
  if (seen.status === "running") return seen;
  const end = (status: CallEnd["status"], more: Partial<CallEnd> = {}) =>
    record(ask, task, { ...NOTHING, status, ...more });
  if (seen.status !== "success") {
    await end(seen.status);
    const what = endOf(seen);
    return seen.status === "error"
      ? { status: "error", error: failedTask(model, { ...seen, what }) }
      : { status: "cancelled", reason: `${model.label} ${what}` };
  }
  const { answer } = seen;
  let found: Found;
  try {
    found = await find(model, task, answer);
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    // Another look would find the same.
    await end("error", { answer });
    return { status: "error", error };
  }
  if (found.kind === "chat") {
    await end("success", { answer, units: 1, spoken: JSON.stringify(found.answer["choices"]) });
    return { status: "success", made: found };
  }
  const { sources } = found;
  // Paid for, whether they can be fetched or not.
  await end("success", { answer, units: sources.length });
  const images = await Promise.all(sources.map((source) => fetchImage(model, source, signal)));
  return { status: "success", made: { kind: "image", images } };
}

type Found =
  | { readonly kind: "chat"; readonly answer: JsonObject }
  | { readonly kind: "image"; readonly sources: readonly ImageSource[] };

async function find(model: Model, task: Task, answer: WireObject): Promise<Found> {
  if (task.kind === "image") return { kind: "image", sources: readImages(model, answer) };
  const { readChat } = await import("./chat.ts");
  return { kind: "chat", answer: readChat(model, task.input, answer) };
}

async function make(ask: Asked, task: Task): Promise<TaskYield> {
  if (task.kind === "image")
    return { kind: "image", images: await generateImages(ask, wishOf(task.input)) };
  const { completeTask } = await import("./chat.ts");
  const { signal } = ask;
  return { kind: "chat", answer: await completeTask(ask, { input: task.input, signal }) };
}

const measureOf = (task: Task, units: number): Measure => ({
  kind: task.kind,
  units,
  estimate: () => promptTokens(task),
});

/** The same for the same request, which is then in the ledger once, however often its end is seen. */
function callIdOf({ task_id, fallback, asked_at }: Task): string {
  const of = fallback === null ? "" : ` of ${fallback.model}`;
  return derivedId(`task ${task_id} ${asked_at}${of}`);
}

const unitsOf = (model: Model, task: Task): number =>
  task.kind === "image" ? countOf(model, wishOf(task.input)) : 1;

const promptTokens = ({ kind, input }: TaskWork): number =>
  estimateText(kind === "image" ? input.prompt : JSON.stringify(input.messages));

/** Resolves when the ledger has it, so that no task ends whose price is not kept. */
async function record(ask: Ask, task: Task, end: CallEnd): Promise<void> {
  const measure = measureOf(task, end.units);
  const startedAtMs = task.asked_at ?? ask.model.clock.now();
  const bill = billOf(ask, { callId: callIdOf(task), measure, startedAtMs, end });
  await kept(ask.model, ask.usage, bill);
}
