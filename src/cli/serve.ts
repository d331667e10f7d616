import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { giveBackWhenIdle } from "../core/idle-memory.ts";
import { closeOnSignal, startServer, type RunningServer } from "../main.ts";
import { addSettingOptions, settingFlags } from "./setting-options.ts";

/** `kagari start`: serves until a signal. */
export function addStart(program: Command): void {
  addSettingOptions(
    program.command("start").description("Serve the graphs of langgraph.json"),
  ).action(async (flags: Record<string, string | boolean>) => {
    const server = await startServer({ settings: settingFlags(flags) });
    closeOnSignal(server);
    giveBackWhenIdle();
    greet(server);
    const found = await server.localModels;
    if (found.length > 0) line(`Models found on this machine: ${found.join(", ")}`);
  });
}

/** `kagari dev`: serves with all graphs loaded and starts anew when a source file changes. */
export function addDev(program: Command, launcher: string): void {
  addSettingOptions(
    program.command("dev").description("Serve, and start anew when a file changes"),
  ).action((flags: Record<string, string | boolean>, command: Command) => {
    const watched = watchedPaths(flags["config"]).map((path) => `--watch-path=${path}`);
    const args = [
      "--watch",
      "--watch-preserve-output",
      ...watched,
      launcher,
      "start",
      "--preload",
      ...(command.parent?.args.slice(1) ?? []),
    ];
    const child = spawn(process.execPath, args, { stdio: "inherit" });
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.on(signal, () => void child.kill(signal));
    child.on("exit", (code) => process.exit(code ?? 0));
  });
}

/** What a restart depends on beside the modules that were imported; only what exists can be watched. */
function watchedPaths(config: unknown): string[] {
  const folder = typeof config === "string" ? dirname(config) : ".";
  const names = ["graphs", "config", "prompts", "langgraph.json", ".env"];
  return [...new Set([...names, ...names.map((name) => join(folder, name))])].filter((path) =>
    existsSync(path),
  );
}

function greet({ url, models, ctx: { langgraph } }: RunningServer): void {
  const isDemo = models.list().find(({ id }) => id === models.defaultId)?.dialect === "demo";
  if (isDemo) {
    line(
      `No model key is set: graphs use the offline demo model, which is no language model. Set one of the keys that \`npm run kagari -- models\` names.`,
    );
  } else line(`Default model: ${models.defaultId}`);
  line(`Graphs: ${langgraph.graphs.map(({ graph_id }) => graph_id).join(", ")}`);
  line(`Studio: https://smith.langchain.com/studio/?baseUrl=${url}${langgraph.http.mountPrefix}`);
  line(`listening on ${url}`);
}

const line = (text: string): boolean => process.stderr.write(`${text}\n`);
