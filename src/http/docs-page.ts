import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";

const escaped = (text: unknown): string =>
  String(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");

const entriesOf = (value: Json | undefined): [string, Json][] =>
  isJsonObject(value) ? Object.entries(value) : [];

const listOf = (value: Json | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

const block = (title: string, value: Json | undefined): string =>
  value === undefined
    ? ""
    : `<h4>${title}</h4><pre>${escaped(JSON.stringify(value, undefined, 2))}</pre>`;

const schemaIn = (part: Json | undefined): Json | undefined => {
  const content = isJsonObject(part) ? part["content"] : undefined;
  const json = isJsonObject(content) ? content["application/json"] : undefined;
  return isJsonObject(json) ? json["schema"] : undefined;
};

function operation(method: string, path: string, about: JsonObject): string {
  const parameters = listOf(about["parameters"]).map(
    ({ name, in: place, required, schema }) =>
      `<li><code>${escaped(name)}</code> in ${escaped(place)}${required === true ? ", required" : ""} <small>${escaped(JSON.stringify(schema))}</small></li>`,
  );
  const responses = isJsonObject(about["responses"]) ? about["responses"] : {};
  return `<details><summary><b class="${escaped(method)}">${escaped(method.toUpperCase())}</b> <code>${escaped(path)}</code> ${escaped(about["summary"] ?? "")}</summary>
${parameters.length > 0 ? `<h4>Parameters</h4><ul>${parameters.join("")}</ul>` : ""}
${block("Body", schemaIn(about["requestBody"]))}
${block("Answer", schemaIn(responses["2XX"]))}
</details>`;
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
summary{cursor:pointer;padding:.3rem 0}summary b{display:inline-block;width:4.5rem}details{border-bottom:1px solid #ddd}
pre{background:#f4f4f4;padding:.8rem;overflow:auto;max-height:24rem}small{color:#666}h4{margin:.6rem 0 .2rem}
.get{color:#06c}.post{color:#080}.patch,.put{color:#a60}.delete{color:#b00}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#222}details{border-color:#333}small{color:#999}}`;

/** An OpenAPI document as a page that needs nothing else: no script, no outside address. */
export function docsPage(document: JsonObject): string {
  const groups = new Map<string, string[]>();
  for (const [path, methods] of entriesOf(document["paths"])) {
    for (const [method, about] of entriesOf(methods)) {
      if (!isJsonObject(about)) continue;
      const [tag = "other"] = Array.isArray(about["tags"]) ? about["tags"].map(String) : [];
      groups.set(tag, [...(groups.get(tag) ?? []), operation(method, path, about)]);
    }
  }
  const info = isJsonObject(document["info"]) ? document["info"] : {};
  const sections = [...groups].map(
    ([tag, operations]) => `<h2>${escaped(tag)}</h2>${operations.join("")}`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(info["title"] ?? "")} API</title><style>${STYLE}</style>
<h1>${escaped(info["title"] ?? "")} ${escaped(info["version"] ?? "")}</h1>
<p>Also as <a href="openapi.json">openapi.json</a>.</p>
${sections.join("\n")}</html>`;
}
