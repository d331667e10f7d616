import type { Command } from "@langchain/langgraph";
import { z } from "zod";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { EventWriter } from "../bus/port.ts";
import type { FencedSaver } from "../checkpoint/saver.ts";
import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { feedbackUrls } from "../domain/feedback.ts";
import type { Run, RunCommand, RunOutcome } from "../domain/run.ts";
import { bindGraph } from "./bind-graph.ts";
import { CheckpointedWriter } from "./checkpointed-writer.ts";
import { commandOf } from "./command.ts";
import type { GraphStore } from "./graph-store.ts";
import { Recorder } from "./record.ts";
import {
  checkFresh,
  checkResume,
  isUnseen,
  named,
  UnknownInterruptError,
  waitingIds,
} from "./resume.ts";
import { runChunks } from "./run-chunks.ts";
import { interruptsOf, isWaiting } from "./states.ts";
import type { Graph, GraphLoader } from "./load-graphs.ts";
import type { KnownDicts } from "./wire.ts";

export interface ExecuteParts {
  loader: GraphLoader;
  /** A saver under the fence of this attempt. */
  saver: BaseCheckpointSaver & Pick<FencedSaver, "outage" | "stored">;
  /** The store of the run's owner. */
  store: GraphStore;
  writer: EventWriter;
  signal: AbortSignal;
  clock: Clock;
  dicts: KnownDicts;
}

/**
 * Executes one attempt of a run and records its events; answers how it ended. Rejects only when the
 * attempt must not end the run: an aborted signal, or a database that is out of reach.
 */
export async function executeRun(run: Run, parts: ExecuteParts): Promise<RunOutcome> {
  const { signal } = parts;
  const writer = new CheckpointedWriter(parts.writer, {
    threadId: run.thread_id,
    stored: parts.saver.stored,
  });
  writer.append({ kind: "attempt", attempt: run.epoch, at: parts.clock.now() });
  let bound: Graph | undefined;
  const recorder = new Recorder(writer, {
    attempt: run.epoch,
    clock: parts.clock,
    dicts: parts.dicts,
    isStored: run.kwargs.durability !== "exit",
  });
  try {
    const config = runConfig(run);
    const graph = bindGraph(await parts.loader.get(run.graph_id, config), parts);
    bound = graph;
    const { input, place } = await entry(run, { saver: parts.saver, graph });
    const chunks = await runChunks(graph, run, {
      input,
      config: {
        ...config,
        configurable: { ...config.configurable, ...place, ...userFields(run) },
        signal,
      },
    });
    for await (const chunk of chunks) recorder.take(chunk);
    signal.throwIfAborted();
    recorder.close();
    if (run.kwargs.feedback)
      writer.append({ kind: "feedback", urls: feedbackUrls(run.kwargs.feedback) });
    return recorder.isInterrupted ? await waiting(graph, run) : success();
  } catch (error) {
    signal.throwIfAborted();
    const outage = parts.saver.outage ?? parts.store.outage;
    if (outage) throw outage;
    const failed = failure(error, writer);
    if (bound === undefined || !(error instanceof UnknownInterruptError)) return failed;
    // What waits for an answer still does.
    const { rest_status, interrupts } = await waiting(bound, run);
    return { ...failed, rest_status, interrupts };
  } finally {
    writer.close();
  }
}

const success = (): RunOutcome => ({
  status: "success",
  error: null,
  rest_status: "idle",
  interrupts: {},
});

async function waiting(graph: Graph, run: Run): Promise<RunOutcome> {
  const snapshot = await graph.getState({ configurable: { thread_id: run.thread_id } });
  const rest_status = isWaiting(snapshot) ? "interrupted" : "idle";
  return { ...success(), rest_status, interrupts: interruptsOf(snapshot) };
}

function failure(error: unknown, writer: Pick<EventWriter, "append">): RunOutcome {
  const { name, message } = describe(error);
  writer.append({ kind: "error", error: name, message });
  return { status: "error", error: { error: name, message }, rest_status: "error", interrupts: {} };
}

/** What a client is told of an error: our own by their code, a schema's by the fields it names. */
function describe(error: unknown): { name: string; message: string } {
  if (error instanceof AppError) return { name: error.code, message: error.message };
  if (error instanceof z.core.$ZodError) return { name: "validation", message: fieldsOf(error) };
  if (error instanceof Error) return { name: error.name, message: error.message };
  return { name: "Error", message: String(error) };
}

const fieldsOf = ({ issues }: z.core.$ZodError): string =>
  issues
    .map(({ path, message }) => `${path.map(String).join(".") || "input"}: ${message}`)
    .join("; ");

/** The config as LangGraph takes it: the client's, and the ids of the run stamped over it. */
function runConfig(run: Run) {
  const { config, context } = run.kwargs;
  const configurable = isJsonObject(config["configurable"]) ? config["configurable"] : {};
  const limit = config["recursion_limit"];
  const tags = Array.isArray(config["tags"])
    ? config["tags"].filter((tag) => typeof tag === "string")
    : [];
  const ids = {
    run_id: run.run_id,
    thread_id: run.thread_id,
    graph_id: run.graph_id,
    assistant_id: run.assistant_id,
  };
  return {
    // LangGraph validates the context against the graph's schema, and without one the configurable.
    ...(context ? { context } : {}),
    configurable: { ...configurable, ...ids, checkpoint_ns: "" },
    metadata: { ...run.metadata, ...ids },
    runId: run.run_id,
    tags,
    // An undefined limit would wipe out the graph's own.
    ...(typeof limit === "number" ? { recursionLimit: limit } : {}),
  };
}

/** Who the run is for, as graphs of the Agent Server are told. */
const userFields = ({ kwargs: { user } }: Run): Record<string, unknown> =>
  user === undefined
    ? {}
    : {
        langgraph_auth_user: user,
        langgraph_auth_user_id: user.identity,
        langgraph_auth_permissions: user.permissions,
      };

/** Where the attempt starts: from what the client sent, or from the checkpoint an earlier attempt left. */
async function entry(
  run: Run,
  { saver, graph }: { saver: BaseCheckpointSaver; graph: Graph },
): Promise<{ input: Command | JsonObject | null; place: JsonObject }> {
  const { kwargs } = run;
  if (run.epoch > 1) {
    const tuple = await saver.getTuple({
      configurable: { thread_id: run.thread_id, checkpoint_ns: "" },
    });
    if (tuple && runOf(tuple.metadata) === run.run_id) return { input: null, place: {} };
  }
  const place = kwargs.checkpoint ?? {};
  if (kwargs.command)
    return { input: commandOf(await answered(run, { command: kwargs.command, graph })), place };
  // What the graph's schema does not take, LangGraph refuses; the type only says it is JSON.
  return { input: kwargs.input as JsonObject | null, place };
}

/** The command with its answer as LangGraph understands it; refused when it must fit and does not. */
async function answered(
  run: Run,
  { command, graph }: { command: RunCommand; graph: Graph },
): Promise<RunCommand> {
  const { thread_id, kwargs } = run;
  const { answers } = kwargs;
  const isStrict = kwargs.strict_resume === true && command.resume !== undefined;
  if (!isStrict && !isUnseen(command) && answers === undefined) return command;
  const waiting = waitingIds(
    await graph.getState({ configurable: { thread_id, ...kwargs.checkpoint } }),
  );
  const { resume = null } = command;
  if (isStrict) checkResume(resume, waiting);
  if (answers !== undefined) checkFresh({ resume, answers }, waiting);
  return named(command, waiting);
}

/** The run that wrote a checkpoint, as the saver notes it. */
const runOf = (metadata: object | undefined): unknown =>
  metadata && "run_id" in metadata ? metadata.run_id : undefined;
