import { demoFetch } from "./demo/fetch.ts";
import type { Model } from "./model.ts";
import { addressed, authorize, endpointFetch } from "./network/endpoint.ts";

const PASSED_HEADERS = ["accept", "content-type"];
/** Of our own requests besides chat. */
const OWN_HEADERS = ["x-dashscope-async"];

/** Base URL that the demo model pretends to have; nothing listens there and nothing is sent. */
const DEMO_URL = "http://demo.invalid/v1";

export type Transport = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Where a model's requests go. */
export const baseUrlOf = (model: Model): string => model.fields.url ?? DEMO_URL;

/**
 * The fetch of one model: it alone adds the key, read at this moment, and lets no other header of
 * the OpenAI client through, so that nothing of the process's OPENAI_* environment leaves it.
 */
export function transportOf(model: Model): Transport {
  const send: Transport = model.isDemo ? demoFetch : endpointFetch(model);
  return async (input, init = {}) => {
    const given = new Headers(init.headers);
    const headers = new Headers({ "user-agent": "kagari" });
    for (const name of PASSED_HEADERS) headers.set(name, given.get(name) ?? "application/json");
    for (const name of OWN_HEADERS) {
      const value = given.get(name);
      if (value !== null) headers.set(name, value);
    }
    authorize(headers, model);
    const response = await send(addressed(input, model), { ...init, headers, redirect: "manual" });
    return response.ok ? response : await masked(response, model);
  };
}

/** Some servers repeat the key in their refusal: no error that is made of it may hold it. */
async function masked(response: Response, model: Model): Promise<Response> {
  const text = model.mask(await response.text());
  const headers = new Headers();
  for (const [name, value] of response.headers) headers.append(name, model.mask(value));
  return new Response(text, { status: response.status, headers });
}
