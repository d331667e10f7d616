import { noContent } from "../no-content.ts";
import { z } from "zod";
import { deleteFile, listFiles, readFile } from "../../services/files/find.ts";
import { fileJson, pageHeaders } from "../present.ts";
import { type Route, route } from "../route.ts";
import { slice, uuid } from "../schemas.ts";
import { listOf } from "../answers/parts.ts";
import { file } from "../answers/operations.ts";

const fileParams = z.object({ file_id: uuid });

/** What a browser shall not make of a file: another type, a page with scripts, or a stale copy. */
const SAFETY = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; sandbox",
  "cross-origin-resource-policy": "cross-origin",
  "cache-control": "private, max-age=31536000, immutable",
};

export const fileRoutes: Route[] = [
  route({
    method: "get",
    path: "/files",
    summary: "What models have made, newest first",
    auth: "files:search",
    query: z.object(slice),
    response: listOf(file),
    handle: async ({ ctx, query }) => {
      const result = await listFiles(ctx, query);
      return Response.json(result.rows.map(fileJson), { headers: pageHeaders(result, query) });
    },
  }),
  route({
    method: "get",
    path: "/files/:file_id",
    summary: "The bytes of a file",
    auth: "files:read",
    params: fileParams,
    response: "bytes",
    handle: async ({ ctx, params }) => {
      const { file, bytes } = await readFile(ctx, params);
      const headers = {
        ...SAFETY,
        "content-type": file.content_type,
        "content-length": String(bytes.length),
        "content-disposition": `inline; filename="${file.file_id}.${extensionOf(file)}"`,
      };
      return new Response(Uint8Array.from(bytes), { headers });
    },
  }),
  route({
    method: "delete",
    path: "/files/:file_id",
    summary: "Deletes a file",
    auth: "files:delete",
    params: fileParams,
    response: "nothing",
    handle: async ({ ctx, params }) => {
      await deleteFile(ctx, params);
      return noContent();
    },
  }),
];

const extensionOf = ({ content_type }: { content_type: string }): string =>
  /^image\/(\w+)$/.exec(content_type)?.[1] ?? "bin";
