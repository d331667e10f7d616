import { appendFileSync } from "node:fs";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { mcpFixture } from "./mcp-fixture.ts";

// Tells a test, by a line of a file, that it began and which process it is.
const log = process.env["FIXTURE_LOG"];
if (log !== undefined) appendFileSync(log, `${process.pid}\n`);
process.stderr.write("fixture is up\n");
await mcpFixture({ die: () => process.exit(1) }).connect(new StdioServerTransport());
