import { z } from "zod";
import { LOG_LEVELS } from "../../core/log.ts";
import { count, port, text, yes } from "./types.ts";

/** Where the server listens, what it takes in, and where it keeps its data. */
export const SERVING = {
  host: {
    type: text.default("127.0.0.1"),
    env: "HOST",
    description: "Address to listen on",
  },
  port: {
    type: port.default(2024),
    env: "PORT",
    description: "Port to listen on; 0 takes a free one",
  },
  config: {
    type: text.default("langgraph.json"),
    env: "KAGARI_CONFIG",
    description: "Path of langgraph.json, the list of graphs",
  },
  data_dir: {
    type: text.default(".kagari"),
    env: "KAGARI_DATA_DIR",
    description: "Folder of the embedded database",
  },
  database_url: {
    type: z
      .url({ protocol: /^postgres(ql)?$/, error: "expected postgres://user@host/database" })
      .optional(),
    env: "DATABASE_URL",
    description: "Postgres shared by any number of processes, instead of the embedded database",
  },
  database_connections: {
    type: count.default(10),
    env: "KAGARI_DATABASE_CONNECTIONS",
    description: "Connections of this process to Postgres at most, besides one for signals",
  },
  log_level: {
    type: z.enum(LOG_LEVELS).default("info"),
    env: "KAGARI_LOG_LEVEL",
    description: `Least level of log lines: ${LOG_LEVELS.join(", ")}`,
  },
  sqlite_synchronous: {
    type: z.enum(["FULL", "NORMAL"]).default("FULL"),
    env: "KAGARI_SQLITE_SYNCHRONOUS",
    description: "FULL survives a power cut; NORMAL is faster and survives a crash of the process",
  },
  max_body_bytes: {
    type: count.default(16 * 1024 * 1024),
    env: "KAGARI_MAX_BODY_BYTES",
    description: "Largest request body in bytes",
  },
  header_timeout_seconds: {
    type: z.coerce.number().positive().default(10),
    env: "KAGARI_HEADER_TIMEOUT_SECONDS",
    description: "How long the headers of a request may take to come in",
  },
  request_timeout_seconds: {
    type: z.coerce.number().positive().default(60),
    env: "KAGARI_REQUEST_TIMEOUT_SECONDS",
    description: "How long a whole request may take to come in; its answer may take longer",
  },
  max_connections: {
    type: count.default(20_000),
    env: "KAGARI_MAX_CONNECTIONS",
    description: "Connections at the same time; one more is closed",
  },
  heartbeat_seconds: {
    type: z.coerce.number().positive().default(5),
    env: "KAGARI_HEARTBEAT_SECONDS",
    description: "Pause between heartbeats of an open stream",
  },
  drain_seconds: {
    type: z.coerce.number().nonnegative().default(10),
    env: "KAGARI_DRAIN_SECONDS",
    description: "How long running runs may go on after SIGTERM",
  },
  cors_origins: {
    type: z.string().default("*"),
    env: "KAGARI_CORS_ORIGINS",
    description: "Origins that browsers may call from: * or a comma-separated list",
  },
  studio_auth: {
    type: yes.default(true),
    env: "KAGARI_STUDIO_AUTH",
    description:
      "Let Studio in past the handlers of auth.path while listening on this machine only; false asks them",
  },
  allow_open: {
    type: yes.default(false),
    env: "KAGARI_ALLOW_OPEN",
    description:
      "Listen on other addresses than those of this machine though nobody has to sign in",
  },
  allowed_hosts: {
    type: z.string().default(""),
    env: "KAGARI_ALLOWED_HOSTS",
    description:
      "Names that a server on this machine's own address is asked by, such as that of a proxy before it, comma-separated",
  },
  test_routes: {
    type: yes.default(false),
    env: "KAGARI_TEST_ROUTES",
    description: "Serve POST /internal/truncate, on loopback only",
  },
  public_url: {
    type: z.url({ protocol: /^https?$/, error: "expected an http or https URL" }).optional(),
    env: "KAGARI_PUBLIC_URL",
    description:
      "What clients call this server, for the addresses of files, such as https://ai.example.com",
  },
  reader_lag_events: {
    type: count.default(1000),
    env: "KAGARI_READER_LAG_EVENTS",
    description:
      "How many events of a run a client that stopped reading may miss before its connection is cut; it resumes by Last-Event-ID",
  },
  reader_lag_bytes: {
    type: count.default(1024 * 1024),
    env: "KAGARI_READER_LAG_BYTES",
    description: "The same in bytes of the run's record",
  },
};
