import { ingestDocument } from "../services/knowledge/ingest.ts";
import { ingestEvents } from "./ingest-events.ts";
import { receiveFile } from "./receive-file.ts";
import type { ApiRequest } from "./route.ts";
import { sse } from "./stream.ts";

interface FileQuery {
  source?: string | undefined;
  force?: boolean | undefined;
}

type FileRequest = ApiRequest<{ collection: string }, FileQuery, unknown>;

/** Keeps a document whose bytes are the body; tells how far it has come where the client takes events. */
export async function keepFile(request: FileRequest, file: Request): Promise<Response> {
  const { ctx, params, query, headers, drop } = request;
  const { source = "", force } = query;
  const held = await receiveFile(file, { source, maxBytes: ctx.settings.document_max_bytes });
  const upload = {
    collection: params.collection,
    source,
    force,
    content_type: headers.get("content-type") ?? undefined,
    content: held,
  };
  if (headers.get("accept")?.includes("text/event-stream") !== true) {
    await using _ = held;
    return Response.json(await ingestDocument(ctx, upload, request.signal));
  }
  const controller = new AbortController();
  const frames = ingestEvents(async (onProgress) => {
    await using _ = held;
    return await ingestDocument(ctx, { ...upload, onProgress }, controller.signal);
  });
  return sse(frames, {
    headers: {},
    heartbeatMs: ctx.settings.heartbeat_seconds * 1000,
    controller,
    onLeave: () => controller.abort(),
    onFailure: (error) => ctx.log.error({ err: error, source }, "a document broke off"),
    // All that is told is how far it has come.
    isTooFarBehind: () => Promise.resolve(false),
    drop,
  });
}
