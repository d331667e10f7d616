import type { Model } from "../model.ts";
import { unfitAnswer } from "../failures/upstream-error.ts";
import { asWireObject, itemsOf, said, type WireObject } from "../wire.ts";

/** An image as an answer names it. */
export interface ImageSource {
  readonly url: string | undefined;
  /** Its bytes in base64. */
  readonly data: string | undefined;
  readonly revisedPrompt: string | undefined;
}

/** The images of an answer, in any of the providers' shapes; throws UpstreamError where there are none. */
export function readImages(model: Model, answer: unknown): ImageSource[] {
  const body = asWireObject(answer) ?? {};
  const output = asWireObject(body["output"]) ?? {};
  const items = [
    ...itemsOf(body["data"]),
    ...itemsOf(body["image_result"]),
    ...itemsOf(output["results"]),
    ...itemsOf(output["choices"]).flatMap(contentOf),
  ];
  // SiliconFlow sends its images under both names.
  const listed = items.length > 0 ? items : itemsOf(body["images"]);
  const sources = listed.flatMap((item) => sourceOf(asWireObject(item) ?? {}));
  if (sources.length > 0) return sources;
  throw unfitAnswer(model, `sent no image${reasonIn(listed)}`);
}

const contentOf = (choice: unknown): readonly unknown[] =>
  itemsOf(asWireObject(asWireObject(choice)?.["message"])?.["content"]);

function sourceOf(item: WireObject): ImageSource[] {
  const url = said(item["url"]) ?? said(item["image"]);
  const data = said(item["b64_json"]);
  if (url === undefined && data === undefined) return [];
  return [
    { url, data, revisedPrompt: said(item["revised_prompt"]) ?? said(item["actual_prompt"]) },
  ];
}

/** DashScope says of each image why there is none. */
function reasonIn(items: readonly unknown[]): string {
  const message = items.map((item) => said(asWireObject(item)?.["message"])).find(Boolean);
  return message === undefined ? "" : `: ${message}`;
}
