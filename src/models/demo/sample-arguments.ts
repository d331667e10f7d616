const MAX_DEPTH = 8;

/** Arguments that fit a tool's JSON Schema, made from the user's text: for structured output without a model. */
export function sampleArguments(
  schema: Readonly<Record<string, unknown>> | undefined,
  text: string,
): Record<string, unknown> {
  const value = sample(schema ?? {}, text, 0);
  return isRecord(value) ? value : {};
}

function sample(schema: Record<string, unknown>, text: string, depth: number): unknown {
  if (depth > MAX_DEPTH) return null;
  if ("const" in schema) return schema["const"];
  if ("default" in schema) return schema["default"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0];
  const options = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(options) && isRecord(options[0])) return sample(options[0], text, depth + 1);
  switch (schema["type"]) {
    case "string":
      return text;
    case "integer":
    case "number":
      return firstNumber(schema, text);
    case "boolean":
      return true;
    case "array":
      return [];
    default:
      return sampleObject(schema, text, depth);
  }
}

function sampleObject(schema: Record<string, unknown>, text: string, depth: number): unknown {
  const properties = isRecord(schema["properties"]) ? schema["properties"] : {};
  const entries = Object.entries(properties).map(([key, value]) => [
    key,
    sample(isRecord(value) ? value : {}, text, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

function firstNumber({ minimum, type }: Record<string, unknown>, text: string): number {
  const found = Number(
    /-?\d+(?:\.\d+)?/.exec(text)?.[0] ?? (typeof minimum === "number" ? minimum : 0),
  );
  return type === "integer" ? Math.trunc(found) : found;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
