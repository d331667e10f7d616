import { dirname, isAbsolute, resolve } from "node:path";
import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import { type ThreadTtl, TTL_STRATEGIES } from "../domain/thread.ts";
import { checkConfig, readJsonFile } from "./json-file.ts";
import { readEnvFile } from "./settings.ts";

const graphEntry = z.union([
  z.string().min(1),
  z.object({ path: z.string().min(1), description: z.string().optional() }),
]);

const schema = z.looseObject({
  graphs: z.record(
    z.string().regex(/^[A-Za-z0-9_-]+$/, "a graph id has only letters, digits, - and _"),
    graphEntry,
  ),
  env: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  checkpointer: z
    .looseObject({
      ttl: z
        .looseObject({
          strategy: z.enum(TTL_STRATEGIES).default("delete"),
          default_ttl: z.number().positive().optional(),
        })
        .optional(),
    })
    .optional(),
});

/** Fields of langgraph.json that other servers read and that change nothing here. */
const HARMLESS = new Set([
  "$schema",
  "node_version",
  "dependencies",
  "python_version",
  "dockerfile_lines",
  "node_loader",
  "api_version",
]);

export interface GraphSource {
  graph_id: string;
  /** Absolute path of the module. */
  file: string;
  /** Name of its export. */
  exportName: string;
  description: string | null;
}

export interface LanggraphFile {
  path: string;
  graphs: GraphSource[];
  /** Variables of its `env` field: the file it names, or the map itself. */
  env: Record<string, string>;
  /** The time to live of threads that name none, in minutes. */
  threadTtl: ThreadTtl | undefined;
  /** Fields that this server does not honour. */
  ignored: string[];
}

/** Reads langgraph.json, the only list of graphs. */
export function readLanggraphFile(path: string): LanggraphFile {
  const value = readJsonFile(path);
  if (value === undefined) {
    throw new ConfigError(
      `${path}: not found; it lists the graphs, as {"graphs": {"chat": "./graphs/chat.ts:graph"}}`,
    );
  }
  const parsed = checkConfig(schema, value, { file: path });
  const folder = dirname(path);
  const graphs = Object.entries(parsed.graphs).map(([graph_id, entry]) =>
    graphSource(graph_id, entry, { path, folder }),
  );
  return {
    path,
    graphs,
    env:
      typeof parsed.env === "string"
        ? readEnvFile(resolve(folder, parsed.env))
        : (parsed.env ?? {}),
    threadTtl: ttlOf(parsed),
    ignored: ignoredOf(parsed),
  };
}

type Parsed = z.infer<typeof schema>;

function ttlOf({ checkpointer }: Parsed): ThreadTtl | undefined {
  const { default_ttl: ttl, strategy } = checkpointer?.ttl ?? {};
  return ttl === undefined || strategy === undefined ? undefined : { ttl, strategy };
}

const HONOURED = new Set(["graphs", "env", "checkpointer"]);

function ignoredOf(parsed: Parsed): string[] {
  const fields = Object.keys(parsed).filter((key) => !HONOURED.has(key) && !HARMLESS.has(key));
  const ofCheckpointer = Object.keys(parsed.checkpointer ?? {}).filter((key) => key !== "ttl");
  return [...fields, ...ofCheckpointer.map((key) => `checkpointer.${key}`)];
}

function graphSource(
  graph_id: string,
  entry: z.infer<typeof graphEntry>,
  at: { path: string; folder: string },
): GraphSource {
  const spec = typeof entry === "string" ? entry : entry.path;
  const match = /^(?<file>.+?):(?<name>[A-Za-z_$][\w$]*)$/.exec(spec);
  const { file, name } = match?.groups ?? {};
  if (!file || !name) {
    throw new ConfigError(
      `${at.path}: graphs.${graph_id}: expected "file:export" such as "./graphs/chat.ts:graph", got ${JSON.stringify(spec)}`,
    );
  }
  return {
    graph_id,
    file: isAbsolute(file) ? file : resolve(at.folder, file),
    exportName: name,
    description: typeof entry === "string" ? null : (entry.description ?? null),
  };
}
