import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const own: {
  version: string;
  dependencies: Record<string, string>;
} = require("../../package.json");

/** Versions that `/info` and `--version` tell. */
export const VERSION = {
  kagari: own.version,
  langgraph: own.dependencies["@langchain/langgraph"] ?? "",
};
