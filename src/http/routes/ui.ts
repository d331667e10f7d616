import { z } from "zod";
import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import { addressBase } from "../../services/address.ts";
import { getAssistant } from "../../services/assistants/find.ts";
import type { UiBundle } from "../../ui/ui-port.ts";
import { type Route, route } from "../route.ts";

const uiParams = z.object({ name: z.string().min(1).max(200) });
const fileParams = uiParams.extend({ file: z.string().min(1).max(200) });
const component = z.object({ name: z.string().min(1).max(1000) });

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** A page behind TLS may not load what is not; on this machine there is none. */
function originForPages(headers: Headers): string {
  const { hostname, host } = URL.parse(`http://${headers.get("host") ?? ""}`) ?? {};
  if (host === undefined) return "";
  return hostname === "localhost" || hostname === "127.0.0.1" ? `http://${host}` : `//${host}`;
}

/** Where the components are that an assistant, a graph or a namespace of the operator's own is shown with. */
async function found(ctx: Context, asked: string): Promise<{ name: string; bundle: UiBundle }> {
  const own = await ctx.ui.bundle(asked);
  if (own !== undefined) return { name: asked, bundle: own };
  const { graph_id: name } = await getAssistant(ctx, { assistant_id: asked });
  const bundle = await ctx.ui.bundle(name);
  if (bundle === undefined) throw new NotFoundError("UI", asked);
  return { name, bundle };
}

/** What `LoadExternalComponent` puts into the page; it fills in the id itself. */
function fragment(base: string, call: string, { files }: UiBundle): string {
  const tags = [...files.keys()].map((file) => {
    const url = escaped(`${base}/${file}`);
    if (file.endsWith(".css")) return `<link rel="stylesheet" href="${url}" />`;
    return file.endsWith(".js") ? `<script src="${url}" onload="${escaped(call)}"></script>` : "";
  });
  return tags.filter((tag) => tag !== "").join("\n");
}

export const uiRoutes: Route[] = [
  route({
    method: "post",
    path: "/ui/:name",
    summary: "The tags that draw a component of a graph into a page",
    auth: "assistants:read",
    params: uiParams,
    body: component,
    response: "page",
    handle: async ({ ctx, params, body, headers }) => {
      const { name, bundle } = await found(ctx, params.name);
      const base = `${addressBase(ctx, originForPages(headers))}/ui/${name}`;
      const call = `${bundle.global}.render(${JSON.stringify(body.name)}, "{{shadowRootId}}")`;
      return new Response(fragment(base, call, bundle), {
        headers: { "content-type": "text/html; charset=utf-8" },
      });
    },
  }),
  route({
    method: "get",
    path: "/ui/:name/:file",
    summary: "The script or the styles of the components of a graph",
    auth: "public",
    params: fileParams,
    response: "bytes",
    handle: async ({ ctx, params: { name, file } }) => {
      const found = (await ctx.ui.bundle(name))?.files.get(file);
      if (found === undefined) throw new NotFoundError("File", `${name}/${file}`);
      const headers = {
        "content-type": found.type,
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "cross-origin",
        "cache-control": "no-cache",
      };
      const { content } = found;
      return new Response(typeof content === "string" ? content : Uint8Array.from(content), {
        headers,
      });
    },
  }),
];
