import { noContent } from "../no-content.ts";
import type { ApiKey } from "../../domain/api-key.ts";
import { deleteKey, listKeys, revokeKey, rotateKey } from "../../services/keys/change.ts";
import { createKey } from "../../services/keys/create.ts";
import { keyCreate, keyParams } from "../key-schemas.ts";
import { keyJson } from "../present.ts";
import { type Route, route } from "../route.ts";
import { listOf } from "../answers/parts.ts";
import { apiKey, apiKeyWithSecret } from "../answers/operations.ts";

/** The one answer that shows a secret is kept nowhere. */
const withSecret = ({ key, secret }: { key: ApiKey; secret: string }): Response =>
  Response.json({ ...keyJson(key), secret }, { headers: { "cache-control": "no-store" } });

export const keyRoutes: Route[] = [
  route({
    method: "get",
    path: "/keys",
    summary: "All API keys, without their secrets",
    auth: "keys:search",
    response: listOf(apiKey),
    handle: async ({ ctx }) => Response.json((await listKeys(ctx)).map(keyJson)),
  }),
  route({
    method: "post",
    path: "/keys",
    summary: "Makes an API key; its secret is shown this once",
    auth: "keys:create",
    body: keyCreate,
    response: apiKeyWithSecret,
    handle: async ({ ctx, body: { admin, ...body } }) =>
      withSecret(await createKey(ctx, { ...body, is_admin: admin })),
  }),
  route({
    method: "post",
    path: "/keys/:name/revoke",
    summary: "Ends an API key for good",
    auth: "keys:update",
    params: keyParams,
    response: apiKey,
    handle: async ({ ctx, params }) => Response.json(keyJson(await revokeKey(ctx, params))),
  }),
  route({
    method: "post",
    path: "/keys/:name/rotate",
    summary: "Gives an API key a new secret; the old one ends",
    auth: "keys:update",
    params: keyParams,
    response: apiKeyWithSecret,
    handle: async ({ ctx, params }) => withSecret(await rotateKey(ctx, params)),
  }),
  route({
    method: "delete",
    path: "/keys/:name",
    summary: "Forgets a revoked API key",
    auth: "keys:delete",
    params: keyParams,
    response: "nothing",
    handle: async ({ ctx, params }) => {
      await deleteKey(ctx, params);
      return noContent();
    },
  }),
];
