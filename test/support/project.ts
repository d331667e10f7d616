import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "./spawn-server.ts";
import { TEST_GRAPHS } from "./test-server.ts";

const ECHO = TEST_GRAPHS.replace("langgraph.json", "echo.ts");

/** A folder with a langgraph.json: the graph `echo`, the fields given, and other files. */
export function project(fields: object = {}, files: Record<string, string> = {}) {
  const folder = tempFolder();
  const langgraph = join(folder.path, "langgraph.json");
  writeFileSync(langgraph, JSON.stringify({ graphs: { echo: `${ECHO}:graph` }, ...fields }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
  return { ...folder, langgraph };
}
