/** What another program imports to serve Kagari inside its own Hono app (`kagari/app`). */
export { createApp } from "./app.ts";
export { type ContextOptions, type OpenContext, openContext } from "./container.ts";
