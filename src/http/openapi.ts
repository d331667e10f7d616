import { z } from "zod";
import { VERSION } from "../core/version.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { type AnswerKind, jsonOf, type NoJson, noJsonOf, type Route } from "./route.ts";

const ERROR: JsonObject = {
  type: "object",
  required: ["detail", "code"],
  properties: { detail: { type: "string" }, code: { type: "string" } },
};

// What zod writes is a JSON schema, which is JSON.
const schemaOf = (schema: z.ZodType, io: "input" | "output"): JsonObject => {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return json as JsonObject;
};

/** The fields of a schema of path or query as parameters. */
function parametersOf(schema: z.ZodType | undefined, place: "path" | "query"): JsonObject[] {
  if (!schema) return [];
  const { properties, required } = schemaOf(schema, "input");
  if (!isJsonObject(properties)) return [];
  return Object.entries(properties).map(([name, field]) => ({
    name,
    in: place,
    required: place === "path" || (Array.isArray(required) && required.includes(name)),
    schema: field,
  }));
}

const TYPES: Readonly<Record<Exclude<NoJson, "nothing" | "socket">, string>> = {
  events: "text/event-stream",
  text: "text/plain",
  page: "text/html",
  bytes: "*/*",
};

/** The bodies that an answer may have, by media type. */
function contentOf(answer: AnswerKind): JsonObject {
  const [json, other] = [jsonOf(answer), noJsonOf(answer)];
  const content: JsonObject = {
    ...(json ? { "application/json": { schema: schemaOf(json, "output") } } : {}),
    ...(other === undefined || other === "nothing" || other === "socket"
      ? {}
      : { [TYPES[other]]: { schema: { type: "string" } } }),
  };
  return Object.keys(content).length > 0 ? { content } : {};
}

function operationOf(route: Route): JsonObject {
  const [tag = "", action = ""] = route.auth === "public" ? ["system"] : route.auth.split(":");
  return {
    summary: route.summary,
    operationId: `${route.method} ${route.path}`.replaceAll(/[^a-z0-9]+/gi, "_"),
    tags: [tag],
    ...(action === "" ? {} : { "x-auth": route.auth }),
    parameters: [...parametersOf(route.params, "path"), ...parametersOf(route.query, "query")],
    ...(route.body
      ? {
          requestBody: {
            content: {
              "application/json": { schema: schemaOf(route.body, "input") },
              ...(route.takesFile
                ? { "*/*": { schema: { type: "string", format: "binary" } } }
                : {}),
            },
          },
        }
      : {}),
    responses: {
      "2XX": { description: "Done", ...contentOf(route.response) },
      "4XX": {
        description: "Refused",
        content: { "application/json": { schema: ERROR } },
      },
    },
  };
}

/** The OpenAPI document of a table of routes. */
export function openApi(routes: readonly Route[], prefix: string): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(?<name>\w+)/g, "{$<name>}");
    (paths[path] ??= {})[route.method] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Kagari", version: VERSION.kagari, summary: "An agent server for LangGraph.js" },
    servers: [{ url: prefix === "" ? "/" : prefix }],
    paths,
  };
}
