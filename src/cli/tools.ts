import type { Command } from "commander";
import { systemClock } from "../core/clock.ts";
import { createLog } from "../core/log.ts";
import { surveyModels } from "../models/survey.ts";
import { openTools } from "../tools/server-tools.ts";
import { modelSettings } from "./model-setup.ts";
import { addSettingOptions } from "./setting-options.ts";
import { printable, tableLines } from "./table.ts";

/** `kagari tools`: the tools that graphs may use, those of MCP servers too, and by which policy. */
export function addTools(program: Command): void {
  addSettingOptions(
    program
      .command("tools")
      .description("List the tools, those of MCP servers too, and whether they can be used"),
  )
    .option("--json", "print JSON")
    .action(async ({ json, ...flags }: Record<string, string | boolean>) => {
      const loaded = modelSettings({ ...flags, hot_reload: false });
      const log = createLog("silent");
      const host = openTools(loaded, { log, clock: systemClock });
      const { registry: models } = await surveyModels(loaded, log);
      const { describeTools } = await import("../tools/describe.ts");
      const tools = await describeTools({ models, tools: host, knowledge: true });
      await host.close();
      const rows = tools.map(({ name, source, policy, state }) =>
        [name, source, policy, state].map(printable),
      );
      const table = tableLines([["name", "source", "policy", "state"], ...rows]);
      process.stdout.write(json === true ? JSON.stringify({ tools }, null, 2) : table.join("\n"));
      process.stdout.write("\n");
    });
}
