const FOUNDATION = ["core", "domain", "config"] as const;

/**
 * Which units of the source each unit may import, besides itself. A unit is a folder or a file
 * directly under src, or the folder graphs. Types of ports may be imported everywhere.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  domain: ["core"],
  config: ["core", "domain"],
  prompts: [...FOUNDATION],
  knowledge: [...FOUNDATION, "store"],
  models: [...FOUNDATION, "prompts", "knowledge"],
  memory: [...FOUNDATION, "models", "prompts"],
  tools: [...FOUNDATION, "models", "memory", "prompts"],
  graphkit: [...FOUNDATION, "models", "memory", "tools", "prompts"],
  graphs: ["graphkit"],
  storage: [...FOUNDATION],
  checkpoint: [...FOUNDATION],
  bus: [...FOUNDATION],
  signals: [...FOUNDATION],
  store: [...FOUNDATION],
  usage: [...FOUNDATION],
  metrics: ["core"],
  auth: [...FOUNDATION],
  tasks: [...FOUNDATION],
  ui: [...FOUNDATION],
  context: [...FOUNDATION],
  services: [...FOUNDATION, "context"],
  http: [...FOUNDATION, "context", "services"],
  runtime: [...FOUNDATION, "context", "models", "checkpoint"],
  worker: [...FOUNDATION, "context", "runtime", "services"],
  app: [...FOUNDATION, "context", "services", "http"],
};

/** Units that wire everything together: they may import anything, and only each other imports them. */
export const TOP_UNITS: readonly string[] = ["main", "container", "cli", "embed"];

/** Files that hold only interfaces between units. */
export const PORT_FILE = /\/(ports?|[a-z-]+-port)\.ts$/;

/** Units that may name the types of any unit below http, because they describe the whole. */
export const TYPE_ONLY_OF_ANYTHING: readonly string[] = ["context"];

export interface PackageRule {
  readonly name: string;
  readonly packages: RegExp;
  readonly units: readonly string[];
  /** Whether `import type` counts too. */
  readonly includesTypes: boolean;
}

/** Which units may import which outside packages. */
export const PACKAGE_RULES: readonly PackageRule[] = [
  {
    name: "LangChain",
    packages: /^(@langchain\/|langchain(\/|$)|openai(\/|$))/,
    units: [
      "graphs",
      "graphkit",
      "models",
      "memory",
      "tools",
      "checkpoint",
      "runtime",
      "knowledge",
      "cli",
    ],
    includesTypes: false,
  },
  {
    name: "Hono",
    packages: /^(hono|@hono\/[^/]+)(\/|$)/,
    units: ["http", "app", ...TOP_UNITS],
    includesTypes: true,
  },
  {
    name: "database drivers",
    packages: /^(node:sqlite|kysely)(\/|$)/,
    units: ["storage", "checkpoint", "bus", "container"],
    includesTypes: true,
  },
  {
    name: "connections to Postgres",
    packages: /^pg(\/|$)/,
    units: ["storage", "signals", "worker"],
    includesTypes: true,
  },
];

export interface TextRule {
  readonly name: string;
  readonly pattern: RegExp;
  readonly files: readonly string[];
}

/** Expressions that only the listed files may contain. */
export const TEXT_RULES: readonly TextRule[] = [
  {
    name: "process.env",
    pattern: /\bprocess\s*\.\s*env\b|\bimport\s*\{[^}]*\benv\b[^}]*\}\s*from\s*"node:process"/,
    // The last one names it for the code of pages.
    files: ["src/config/settings.ts", "src/config/environment.ts", "src/ui/bundle.ts"],
  },
  {
    name: "the system clock",
    pattern: /\bnew Date\(\s*\)|\bnew Date(?!\()\b|\bDate\.now\b|\bDate\(\s*\)/,
    files: ["src/core/clock.ts", "src/tools/clock.ts"],
  },
];

export interface ReachRule {
  readonly name: string;
  readonly from: readonly string[];
  readonly never: RegExp;
  /** Whether `import()` is followed too. */
  readonly followsDynamic: boolean;
}

/** What the transitive imports of a file never reach. */
export const REACH_RULES: readonly ReachRule[] = [
  {
    name: "graphkit runs without a database",
    from: ["src/graphkit.ts"],
    never: /^(src\/storage\/(?!ports\.ts)|node:sqlite$|kysely|pg$)/,
    followsDynamic: true,
  },
  {
    name: "the server answers before LangChain is loaded",
    from: ["src/cli/main.ts", "src/main.ts", "src/app.ts"],
    never: /^(@langchain\/|langchain(\/|$)|openai(\/|$))/,
    followsDynamic: false,
  },
];
