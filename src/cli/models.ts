import type { Command } from "commander";
import { createLog } from "../core/log.ts";
import { surveyModels } from "../models/survey.ts";
import { modelSettings } from "./model-setup.ts";
import { modelsJson, modelsTable } from "./models-table.ts";
import { addSettingOptions } from "./setting-options.ts";

/** `kagari models`: what is configured or runs on this machine, what can be called, and why not. */
export function addModels(program: Command): void {
  addSettingOptions(
    program.command("models").description("List the models and whether they can be called"),
  )
    .option("--json", "print JSON")
    .action(async ({ json, ...flags }: Record<string, string | boolean>) => {
      const { registry, refused, problem } = await surveyModels(
        modelSettings(flags),
        createLog("error"),
      );
      const list = { models: registry.list(), refused, defaultId: registry.defaultId };
      process.stdout.write(`${json === true ? modelsJson(list) : modelsTable(list)}\n`);
      if (problem !== undefined) process.stderr.write(`kagari: ${problem}\n`);
      if (problem !== undefined || refused.length > 0) process.exitCode = 1;
    });
}
