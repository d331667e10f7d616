import { writeFileSync } from "node:fs";
import { z } from "zod";
import { modelFieldsSchema } from "./model-fields.ts";

/** The JSON Schema of a model file, as text, for editors. */
export function modelSchemaText(): string {
  const schema = z.toJSONSchema(modelFieldsSchema, { io: "input" });
  const document = { ...schema, title: "Kagari model", patternProperties: { "^x-": {} } };
  return `${JSON.stringify(document, null, 2)}\n`;
}

if (import.meta.main) {
  writeFileSync(
    new URL("../../config/models/model.schema.json", import.meta.url),
    modelSchemaText(),
  );
}
