import { isJsonObject } from "../../core/json.ts";
import { once } from "../../services/maintenance/idempotency.ts";
import type { ApiRequest, Route } from "../route.ts";

type Request = ApiRequest<unknown, unknown, unknown>;

/** Answers a creating request, with an Idempotency-Key so that the same one again creates nothing more. */
export async function handleOnce(entry: Route, request: Request, path: string): Promise<Response> {
  const key = request.headers.get("idempotency-key");
  const { creates } = entry;
  if (key === null || creates === undefined) return entry.handle(request);
  const { ctx, body, query } = request;
  return once(
    ctx,
    {
      key,
      asks: [entry.method, path, query ?? null, body ?? null],
      creates,
      chosenId: chosenId(body, creates),
    },
    async (creation) => entry.handle({ ...request, creation }),
  );
}

function chosenId(body: unknown, creates: string): string | undefined {
  const id = isJsonObject(body) ? body[`${creates}_id`] : undefined;
  return typeof id === "string" ? id : undefined;
}
