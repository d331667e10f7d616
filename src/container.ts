import { loadHandlers } from "./auth/load-handlers.ts";
import { meteredUsage } from "./auth/metered-usage.ts";
import { openGuard } from "./auth/open-guard.ts";
import { DatabaseBus } from "./bus/database-bus.ts";
import type { Context } from "./context.ts";
import { closedOnce } from "./core/closed-once.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import { createLog, type Log } from "./core/log.ts";
import { readConfig, type ReadConfig } from "./config/read-config.ts";
import { fromRoot, type LoadedSettings, readSettings, type Settings } from "./config/settings.ts";
import { SERVER } from "./domain/actor.ts";
import { loadCustomApp } from "./http/custom-app.ts";
import type { ModelCalls } from "./models/model-calls-port.ts";
import { createModelCalls } from "./models/model-calls.ts";
import { Metrics } from "./metrics/metrics.ts";
import { LiveModels } from "./models/live-models.ts";
import type { ModelRegistry } from "./models/registry.ts";
import { MemoryLimiter } from "./models/limits/memory-limiter.ts";
import { installRuntime } from "./models/runtime-handle.ts";
import { TokenFactors } from "./models/tokens/token-factors.ts";
import type { RunUsage } from "./models/usage-port.ts";
import type { PromptLibrary } from "./prompts/library.ts";
import { openCheckedPrompts } from "./prompts/open-checked.ts";
import { Loopback } from "./runtime/loopback.ts";
import { embedderOf } from "./runtime/store-embedder.ts";
import { lazyRuntime } from "./runtime/lazy-runtime.ts";
import { GraphLoader } from "./runtime/load-graphs.ts";
import { runFiles } from "./services/files/keep.ts";
import { syncSystemAssistants } from "./services/assistants/sync.ts";
import { openTools, type ServerTools } from "./tools/server-tools.ts";
import { openSignals } from "./signals/open-signals.ts";
import type { Signals } from "./signals/port.ts";
import { openKnowledge } from "./knowledge/open-knowledge.ts";
import { openLoader } from "./knowledge/open-loader.ts";
import { postgresRenewal } from "./storage/drivers/postgres-renewal.ts";
import { openStorage } from "./storage/open-storage.ts";
import type { Storage } from "./storage/ports.ts";
import type { Embedder } from "./store/port.ts";
import { SearchableItems } from "./store/items.ts";
import { openUi } from "./ui/open-ui.ts";
import { FactorKeeper } from "./usage/factor-keeper.ts";
import type { Ledger } from "./usage/ledger.ts";
import { openLedger } from "./usage/open-ledger.ts";
import { BackgroundJobs } from "./worker/background-jobs.ts";
import { Heartbeat } from "./worker/heartbeat.ts";
import { takeOver } from "./worker/take-over.ts";
import { Worker } from "./worker/worker.ts";
import { reasonOf } from "./core/errors.ts";

/** How long events of running runs are gathered before they are stored together. */
const FLUSH_MS = 20;
/** How often to look for what another process did, should its signal be lost. */
const POLL_MS = 1000;

export interface ContextOptions {
  /** Settings by name; they win over the environment. */
  settings?: Partial<Record<keyof Settings, unknown>>;
  /** The folder relative paths start from; the current one when not given. */
  root?: string;
  clock?: Clock;
  log?: Log;
  /** The server listens itself where the settings say. */
  isListening?: boolean;
}

/** A running server without its HTTP. */
export interface OpenContext {
  ctx: Context;
  models: ModelRegistry;
  /** Where the embedded database is; undefined in memory or on Postgres. */
  dataDir: string | undefined;
  /** Lets the operator's commands on this machine in, as long as this process lives. */
  localSecret: string;
  /** Resolves to the ids of the models found running on this machine. */
  localModels: Promise<readonly string[]>;
  /** Lets running runs go on for `drainMs`, hands back the rest, closes the database. Idempotent. */
  close(drainMs?: number): Promise<void>;
}

/** Opens database, models and graphs and starts the workers. */
export async function openContext(options: ContextOptions = {}): Promise<OpenContext> {
  const loaded = readSettings(options.settings ?? {}, options.root ?? process.cwd());
  const log = options.log ?? createLog(loaded.settings.log_level);
  const { env, ...config } = readConfig(loaded, log);
  const { settings, langgraph } = config;
  const handlers = await loadHandlers(langgraph);
  const models = new LiveModels({ ...loaded, env }, { log, clock: options.clock ?? systemClock });
  const prompts = openCheckedPrompts(loaded, { models: models.registry.list(), log });
  const tools = openTools({ ...loaded, env }, { log, clock: options.clock ?? systemClock });
  const embedder = embedderOf(langgraph, models.registry);
  const own = { customApp: await loadCustomApp(langgraph), ui: openUi(langgraph) };
  const storage = await openDatabase(loaded, log);
  // Processes on one database must agree on what is due.
  const clock = options.clock ?? storage.clock ?? systemClock;
  const signals = await openSignals(settings.database_url, log);
  const knowledge = openKnowledge(storage.knowledge, { settings, clock, log });
  const opened = { storage, knowledge, documentLoader: openLoader(settings), clock, log };
  const parts = { ...config, ...own, ...opened, isListening: options.isListening === true };
  const guard = await openGuard({ ...parts, handlers, signals });
  const lent = { ...parts, guard, prompts, tools };
  const { ledger, modelCalls, unlend } = await lendToGraphs(models.registry, lent);
  const wired = wire({ ...parts, guard, modelCalls }, { signals, embedder, usage: ledger });
  const { ctx, worker, background } = wired;
  await syncSystemAssistants(ctx, langgraph.graphs);
  await takeOver(ctx);
  worker.start();
  const heartbeat = startHeartbeat(settings, worker.owner, log);
  background.start(ctx);
  if (settings.preload) void preload(ctx);
  const localModels = models.start();
  const close = async (drainMs: number) => {
    models.close();
    wired.lifecycle.isDraining = true;
    await background.close();
    await worker.close(drainMs);
    await unlend();
    await heartbeat?.close();
    await signals.close();
    await storage.close();
    wired.unhook();
  };
  return {
    ctx,
    models: models.registry,
    dataDir: dataDirOf(loaded),
    localSecret: guard.localSecret,
    localModels,
    close: closedOnce(close, settings.drain_seconds * 1000),
  };
}

/** Lends graphs what they need of the server, and keeps the account of it. */
async function lendToGraphs(
  models: ModelRegistry,
  parts: Lent & { prompts: PromptLibrary; tools: ServerTools },
): Promise<{ ledger: Ledger; modelCalls: ModelCalls; unlend: () => Promise<void> }> {
  const { storage, log, guard, prompts, knowledge, tools, documentLoader: documents } = parts;
  const ledger = openLedger(parts);
  const factors = new TokenFactors(await storage.usage.tokenFactors());
  const keeper = new FactorKeeper(storage.usage, { take: () => factors.takeChanged(), log });
  const usage = meteredUsage(ledger, guard);
  const lent = { models, usage, limiter: new MemoryLimiter(), factors };
  const library = { prompts, files: runFiles(parts), knowledge, documents, tools };
  const uninstall = installRuntime({ version: 1, ...lent, ...library });
  const unlend = async () => {
    await ledger.close();
    await keeper.close();
    await tools.close();
    uninstall();
  };
  return { ledger, modelCalls: createModelCalls(lent), unlend };
}

const dataDirOf = ({ settings, root }: LoadedSettings): string | undefined =>
  settings.database_url === undefined && settings.data_dir !== ":memory:"
    ? fromRoot(root, settings.data_dir)
    : undefined;

/** Opens the database that the settings name, and brings its schema up to date. */
export function openDatabase(loaded: LoadedSettings, log: Log): Promise<Storage> {
  const { settings } = loaded;
  const { database_url: databaseUrl, database_connections: maxConnections } = settings;
  if (databaseUrl !== undefined) return openStorage({ databaseUrl, maxConnections, log });
  return openStorage({
    dataDir: dataDirOf(loaded) ?? settings.data_dir,
    synchronous: settings.sqlite_synchronous === "NORMAL" ? "normal" : "full",
    log,
  });
}

/** A second pulse for the leases on a shared database, for when the event loop is busy. */
function startHeartbeat(settings: Settings, owner: string, log: Log): Heartbeat | undefined {
  const { database_url: databaseUrl, lease_seconds, workers } = settings;
  if (databaseUrl === undefined || workers === 0) return undefined;
  const leaseMs = lease_seconds * 1000;
  return new Heartbeat({ databaseUrl, renewal: postgresRenewal(owner, leaseMs), leaseMs, log });
}

interface Draining {
  isDraining: boolean;
}

interface Wired {
  ctx: Context;
  worker: Worker;
  background: BackgroundJobs;
  lifecycle: Draining;
  /** Lets go of what graphs' code finds in this process, and of the processes that read documents. */
  unhook(): void;
}

/** What the parts reach beside the database. */
interface Neighbours {
  signals: Signals;
  embedder: Embedder | undefined;
  usage: RunUsage;
}

type Lent = Omit<ReadConfig, "env"> &
  Pick<Context, "storage" | "knowledge" | "documentLoader" | "clock" | "log" | "guard">;
type OpenedParts = Lent & Pick<Context, "customApp" | "ui" | "isListening" | "modelCalls">;

/** Puts the parts together; nothing runs yet. */
function wire(parts: OpenedParts, { signals, embedder, usage }: Neighbours): Wired {
  const { settings, langgraph, storage, clock, log } = parts;
  const isShared = settings.database_url !== undefined;
  const pollMs = isShared ? POLL_MS : undefined;
  const bus = new DatabaseBus(storage, { flushMs: FLUSH_MS, pollMs, signals });
  const items = new SearchableItems({
    rows: storage.items,
    config: langgraph.store,
    clock,
    embedder,
  });
  const loopback = new Loopback();
  const hooks: (() => void)[] = [];
  const loader = new GraphLoader(langgraph.graphs);
  const { execute, graphs, states, streams } = lazyRuntime(async () => {
    const { createRuntime, installSdkHooks } = await import("./runtime/runtime.ts");
    hooks.push(installSdkHooks({ loopback, url: ownUrl(parts), log }));
    const cacheBytes = settings.checkpoint_cache_bytes;
    return createRuntime({ loader, storage, items, bus, clock, cacheBytes });
  }, loader.ids());
  const options = {
    concurrency: settings.workers,
    leaseMs: settings.lease_seconds * 1000,
    runTimeoutMs: settings.run_timeout_seconds * 1000,
  };
  const metrics = new Metrics();
  const worker = new Worker(
    { storage, bus, clock, log, execute, signals, usage, metrics },
    options,
  );
  const background = new BackgroundJobs();
  const lifecycle: Draining = { isDraining: false };
  const ctx: Context = {
    ...parts,
    items,
    loopback,
    actor: SERVER,
    bus,
    graphs,
    states,
    streams,
    workers: worker,
    background,
    metrics,
    lifecycle,
  };
  const unhook = () => [...hooks, () => ctx.documentLoader.close()].forEach((undo) => undo());
  return { ctx, worker, background, lifecycle, unhook };
}

/** What requests of graphs to their own server are addressed to; none of them leaves the process. */
const ownUrl = ({ settings, langgraph }: Pick<Context, "settings" | "langgraph">): string =>
  `http://localhost:${settings.port}${langgraph.http.mountPrefix}`;

/** Loads every graph and builds its components, so that what is wrong with them is told at start. */
async function preload({ graphs, ui, log }: Context): Promise<void> {
  for (const name of ui.names())
    await ui.bundle(name).catch((error: unknown) => log.error(reasonOf(error)));
  for (const graph_id of graphs.ids()) {
    await graphs
      .check(graph_id)
      .catch((error: unknown) => log.error({ graph_id }, reasonOf(error)));
  }
}
