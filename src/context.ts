import type { Guard } from "./auth/guard-port.ts";
import type { InProcess } from "./domain/in-process.ts";
import type { Bus } from "./bus/port.ts";
import type { Clock } from "./core/clock.ts";
import type { Json, JsonObject } from "./core/json.ts";
import type { Log } from "./core/log.ts";
import type { LanggraphFile } from "./config/langgraph-file.ts";
import type { Settings } from "./config/settings.ts";
import type { WebhookRules } from "./config/webhook-rules.ts";
import type { Actor, User } from "./domain/actor.ts";
import type { ProtocolEvent, Subscription } from "./domain/protocol.ts";
import type { CancelAction, Run, RunCommand, StreamMode } from "./domain/run.ts";
import type { Thread } from "./domain/thread.ts";
import type { ModelCalls } from "./models/model-calls-port.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { LeaseTerms, Storage } from "./storage/ports.ts";
import type { Items } from "./store/port.ts";
import type { Ui } from "./ui/ui-port.ts";
import type { DocumentLoader } from "./knowledge/loader-port.ts";
import type { Knowledge } from "./knowledge/port.ts";

/** The graphs of langgraph.json. */
export interface Graphs {
  ids(): string[];
  /** Loads a graph; rejects with the reason when it cannot be loaded. */
  check(graphId: string): Promise<void>;
  schemas(graphId: string): Promise<JsonObject>;
  /** The schemas of its subgraphs by namespace (`node|inner node`): all, or that of one namespace. */
  subgraphs(
    graphId: string,
    query: { namespace?: string | undefined; recurse: boolean },
  ): Promise<JsonObject>;
  /** Nodes and edges; `xray` shows subgraphs, a number down to that depth. */
  drawing(graphId: string, xray: boolean | number): Promise<JsonObject>;
}

/** Where a state is: the newest of a thread, or that of a checkpoint. */
export interface StateAddress {
  thread: Thread;
  checkpoint?:
    | { checkpoint_id?: string | undefined; checkpoint_ns?: string | undefined }
    | undefined;
}

/** Updates of one step of a graph, as if several nodes had run in it. */
export interface Superstep {
  updates: readonly {
    values?: Json | undefined;
    command?: RunCommand | undefined;
    as_node?: string | undefined;
  }[];
}

/** The states of threads, as the wire shows them. */
export interface States {
  get(address: StateAddress, options: { subgraphs: boolean }): Promise<JsonObject>;
  history(
    address: StateAddress,
    query: { limit: number; before?: string | undefined; metadata?: JsonObject | undefined },
  ): Promise<JsonObject[]>;
  /** Writes values as if a node had; answers the new checkpoint. Refused while a run is pending or running. */
  update(
    address: StateAddress,
    change: { values: Json; as_node?: string | undefined },
  ): Promise<JsonObject>;
  /** Writes several steps of updates one after the other, as `update` writes one. */
  bulk(thread: Thread, supersteps: readonly Superstep[]): Promise<void>;
  /** The channel values of a checkpoint of a thread, its newest when none is named; null when it is not there. */
  values(threadId: string, checkpointId?: string): Promise<Json>;
}

/** One server-sent event before its encoding; `data` is JSON text. */
export interface Frame {
  id: string;
  event: string;
  data: string;
}

export interface FrameQuery {
  modes: readonly StreamMode[];
  subgraphs: boolean;
  /** Only what comes from these namespaces or below, when given; a task's id may be left out of a part. */
  namespaces?: readonly (readonly string[])[] | undefined;
  /** The last id the client has; undefined for the start. */
  after: string | undefined;
  signal: AbortSignal;
}

export interface ProtocolQuery {
  /** What the client subscribed to; a list that may change while the run is followed. */
  wants: readonly Subscription[];
  /** The place in the thread after which it wants events; undefined for the start of the run. */
  since: number | undefined;
  signal: AbortSignal;
}

/** Events of a run, and the last number of its record that they come from. */
export interface ProtocolBatch {
  run: Run;
  seq: number;
  events: ProtocolEvent[];
}

/** A run's events as clients read them, kept and to come. */
export interface Streams {
  /** In the client's stream modes. */
  frames(
    run: { run_id: string; thread_id: string },
    query: FrameQuery,
  ): AsyncGenerator<Frame[], void>;
  /** As events of the event protocol. */
  protocol(run: Run, query: ProtocolQuery): AsyncGenerator<ProtocolBatch, void>;
  /** Graphs, nodes and subgraphs of a run as they stand now; undefined before anything of it is executed. */
  tree(run: Run): Promise<JsonObject | undefined>;
}

/** A place at a worker that is kept for one run. */
export interface WorkerPlace {
  readonly terms: LeaseTerms;
  /** Executes the run that was claimed for the place, or gives it back when there is none. */
  take(run: Run | undefined): void;
}

/** The workers of this process. */
export interface Workers {
  /** Keeps a place for a run that is about to be accepted; undefined when all are taken or other runs come first. */
  offer(): WorkerPlace | undefined;
  /** There are new runs to claim, which other processes are told of, or something else became due. */
  wake(runIds?: readonly string[]): void;
  /** A run was asked to end: abort it at once if it is executed here. */
  cancel(runId: string, action: CancelAction): void;
}

/** What the server does by itself beside runs: crons, webhooks, and making room. */
export interface Background {
  /** Does now what is due; resolves when it is done. */
  tick(): Promise<void>;
}

/** How graphs reach the HTTP of the server they run in. */
export interface OwnServer {
  /** What answers their requests from now on. */
  serve(serve: (request: Request, env: InProcess) => Response | Promise<Response>): void;
  /** Sends a request to it, on behalf of a user where there is one. */
  fetch(request: Request, user?: User): Promise<Response>;
}

/** How far the server is on its way down. */
export interface Lifecycle {
  /** True once no new work is taken in. */
  readonly isDraining: boolean;
}

/** All a service may use. */
export interface Context {
  /** On whose behalf the service is called; every request has its own. */
  readonly actor: Actor;
  readonly guard: Guard;
  /** The server listens itself where the settings say, and is no part of another one. */
  readonly isListening: boolean;
  readonly settings: Settings;
  readonly langgraph: LanggraphFile;
  readonly webhookRules: WebhookRules;
  readonly storage: Storage;
  readonly items: Items;
  readonly knowledge: Knowledge;
  readonly documentLoader: DocumentLoader;
  readonly loopback: OwnServer;
  /** The app of `http.app`, which only the HTTP layer looks into. */
  readonly customApp: object | undefined;
  readonly ui: Ui;
  readonly bus: Bus;
  readonly graphs: Graphs;
  readonly modelCalls: ModelCalls;
  readonly states: States;
  readonly streams: Streams;
  readonly workers: Workers;
  readonly background: Background;
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly log: Log;
}
