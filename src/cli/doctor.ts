import { isAbsolute } from "node:path";
import type { Command } from "commander";
import { createLog } from "../core/log.ts";
import { examine } from "../models/doctor/examine.ts";
import { foundCapabilities, writeCapabilities } from "../models/doctor/write-capabilities.ts";
import type { Model } from "../models/model.ts";
import { surveyModels, type ModelSurvey } from "../models/survey.ts";
import { AppError, ConfigError } from "../core/errors.ts";
import { diagnosisText, requestsText } from "./doctor-report.ts";
import { modelSettings } from "./model-setup.ts";
import { addSettingOptions } from "./setting-options.ts";

interface Flags extends Record<string, string | boolean> {
  json: boolean;
  write: boolean;
  context: boolean;
}

/** `kagari doctor [model]`: asks a model what it obeys; ends with 0 when it does what its file says. */
export function addDoctor(program: Command): void {
  addSettingOptions(
    program
      .command("doctor")
      .description("Ask a model what it obeys, by some twelve short calls")
      .argument("[model]", "id of a model; the default one when not given"),
  )
    .option("--json", "print JSON", false)
    .option("--write", "store what was found as capabilities in the model file", false)
    .option("--no-context", "leave out the one long prompt, above the limit of the file")
    .action(async (id: string | undefined, { json, write, context, ...settings }: Flags) => {
      const survey = await surveyModels(modelSettings(settings), createLog("error"));
      const model = modelOf(survey, id ?? survey.registry.defaultId);
      const diagnosis = await examine(model, { hasContextProbe: context });
      const text = json
        ? JSON.stringify(diagnosis, null, 2)
        : `${requestsText(diagnosis)}\n\n${diagnosisText(diagnosis)}`;
      process.stdout.write(`${text}\n`);
      if (write) store(model, foundCapabilities(diagnosis.findings));
      process.exitCode = diagnosis.isHealthy ? 0 : 1;
    });
}

function modelOf({ registry, refused }: ModelSurvey, id: string): Model {
  const bad = refused.find((file) => file.id === id);
  if (bad) throw new ConfigError(bad.reason);
  return registry.find(id);
}

function store(model: Model, found: Readonly<Record<string, boolean>>): void {
  const { source } = model.status();
  if (Object.keys(found).length === 0) {
    process.stderr.write("nothing was found that could be stored\n");
    return;
  }
  if (!isAbsolute(source))
    throw new AppError("bad_request", `${model.id} has no config file to write to`);
  writeCapabilities(source, found);
  process.stderr.write(`wrote capabilities to ${source}\n`);
}
