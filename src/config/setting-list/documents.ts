import { z } from "zod";
import { count } from "./types.ts";

const MB = 1024 * 1024;

/** What documents may take that are read in; one that takes more is refused. */
export const DOCUMENTS = {
  document_max_bytes: {
    type: count.default(64 * MB),
    env: "KAGARI_DOCUMENT_MAX_BYTES",
    description: "Largest document in bytes",
  },
  document_max_expanded_bytes: {
    type: count.default(256 * MB),
    env: "KAGARI_DOCUMENT_MAX_EXPANDED_BYTES",
    description: "Largest size in bytes that a packed document may have unpacked, or its text",
  },
  document_max_ratio: {
    type: z.coerce.number().positive().default(200),
    env: "KAGARI_DOCUMENT_MAX_RATIO",
    description: "How many times larger a packed document may become, from 4 MB on",
  },
  document_max_pages: {
    type: count.default(5000),
    env: "KAGARI_DOCUMENT_MAX_PAGES",
    description: "Most pages of a PDF",
  },
  document_max_chunks: {
    type: count.default(20_000),
    env: "KAGARI_DOCUMENT_MAX_CHUNKS",
    description: "Most chunks of a document, each of 1000 characters at most",
  },
  document_max_seconds: {
    type: z.coerce.number().positive().default(120),
    env: "KAGARI_DOCUMENT_MAX_SECONDS",
    description: "How long reading a document may take, without its embeddings",
  },
  document_max_memory_mb: {
    type: z.coerce.number().int().min(200).default(768),
    env: "KAGARI_DOCUMENT_MAX_MEMORY_MB",
    description: "Memory in MB of the process that reads a document; two read at the same time",
  },
};
