import type { Settings } from "../config/settings.ts";
import { ProcessLoader } from "./load/process-loader.ts";

/** What reads documents, within the limits of the settings. */
export const openLoader = (settings: Settings): ProcessLoader =>
  new ProcessLoader({
    expandedBytes: settings.document_max_expanded_bytes,
    ratio: settings.document_max_ratio,
    pages: settings.document_max_pages,
    chunks: settings.document_max_chunks,
    seconds: settings.document_max_seconds,
    memoryMb: settings.document_max_memory_mb,
  });
