import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    pool: "forks",
    globalSetup: ["test/support/postgres-server.ts"],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    unstubEnvs: true,
    // Tests make databases of their own; the developer's stays out of it.
    env: { DATABASE_URL: "" },
  },
});
