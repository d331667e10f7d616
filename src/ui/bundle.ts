import { createRequire } from "node:module";
import { dirname, extname, isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import type { InlineConfig, Plugin, Rollup } from "vite";
import { z } from "zod";
import type { UiBundle, UiFile } from "./ui-port.ts";

/** A module that exports components by name. */
export interface UiSource {
  name: string;
  /** Absolute path of the module. */
  file: string;
  /** The folder of langgraph.json. */
  root: string;
  /** Packages that the page brings, besides React and the SDK. */
  shared: readonly string[];
}

const ALWAYS_SHARED = ["react", "react-dom", "@langchain/langgraph-sdk"];
const ENTRY = "kagari-ui-entry";
/** Where the page of `LoadExternalComponent` keeps what it shares. */
const REQUIRE = 'globalThis[Symbol.for("LGUI_REQUIRE")]';

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

const globalOf = (name: string): string => `__LGUI_${name.replaceAll(/[^A-Za-z0-9]/g, "_")}`;

/** What the page calls: it draws the component into the shadow root that waits for it. */
const entryOf = (file: string): string => `
import components from ${JSON.stringify(file)};
export function render(name, shadowRootId) {
  const element = document.createElement("div");
  document.getElementById(shadowRootId).shadowRoot.appendChild(element);
  window[Symbol.for("LGUI_EXT_STORE")].respond(shadowRootId, components[name], element);
}
`;

const entryPlugin = (file: string, sources: Set<string>): Plugin => ({
  name: "kagari-ui",
  enforce: "pre",
  resolveId: (id) => (id.endsWith(ENTRY) ? `\0${ENTRY}` : undefined),
  load: (id) => (id === `\0${ENTRY}` ? entryOf(file) : undefined),
  buildEnd() {
    for (const id of this.getModuleIds())
      if (isAbsolute(id) && !id.includes("/node_modules/")) sources.add(id);
  },
});

const pluginModule = z.object({ default: z.function() });

/** Tailwind, where the project has its plugin installed. */
async function tailwindOf(root: string): Promise<Plugin[]> {
  let path: string;
  try {
    path = createRequire(`${root}/langgraph.json`).resolve("@tailwindcss/vite");
  } catch {
    return [];
  }
  const { default: plugin } = pluginModule.parse(await import(pathToFileURL(path).href));
  return plugin() as Plugin[];
}

const isShared =
  (shared: readonly string[]) =>
  (id: string): boolean =>
    shared.some((name) => id === name || id.startsWith(`${name}/`));

async function configOf(
  { name, file, root, shared }: UiSource,
  sources: Set<string>,
): Promise<InlineConfig> {
  return {
    root,
    configFile: false,
    envDir: false,
    publicDir: false,
    logLevel: "silent",
    mode: "production",
    // What the page shares has no runtime of development.
    oxc: { jsx: { runtime: "automatic", development: false } },
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [entryPlugin(file, sources), ...(await tailwindOf(root))],
    build: {
      write: false,
      target: "es2020",
      lib: {
        entry: `${dirname(file)}/${ENTRY}`,
        formats: ["iife"],
        name: globalOf(name),
        fileName: () => "entrypoint.js",
        cssFileName: "entrypoint",
      },
      rolldownOptions: {
        external: isShared([...ALWAYS_SHARED, ...shared]),
        output: {
          globals: (id) => `${REQUIRE}(${JSON.stringify(id)})`,
          // For packages that call `require` themselves.
          intro: `const require = ${REQUIRE};`,
        },
      },
    },
  };
}

const contentOf = (part: Rollup.OutputAsset | Rollup.OutputChunk): UiFile["content"] =>
  part.type === "chunk" ? part.code : part.source;

/** Makes one script, and one stylesheet if there are styles, of a module and all it imports. */
export async function bundleUi(source: UiSource): Promise<UiBundle> {
  const { build } = await import("vite");
  const sources = new Set<string>([source.file]);
  const [built] = [await build(await configOf(source, sources))].flat();
  if (built === undefined || !("output" in built)) throw new TypeError("vite built nothing");
  const files = built.output.map((part): [string, UiFile] => [
    part.fileName,
    {
      type: TYPES[extname(part.fileName)] ?? "application/octet-stream",
      content: contentOf(part),
    },
  ]);
  return { files: new Map(files), global: globalOf(source.name), sources: [...sources] };
}
