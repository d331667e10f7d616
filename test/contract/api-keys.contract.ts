import { describe, expect, it } from "vitest";
import type { ApiKey } from "../../src/domain/api-key.ts";
import type { Subject } from "./storage.contract.ts";

const sampleKey = (name: string, change: Partial<ApiKey> = {}): ApiKey => ({
  key_id: `id-${name}`,
  name,
  owner: "team",
  is_admin: false,
  prefix: "kg_abcd",
  last4: "wxyz",
  models: ["demo"],
  graphs: null,
  routes: ["threads:*"],
  requests_per_minute: 60,
  tokens_per_minute: null,
  concurrency: 3,
  budget: { amount_micros: 1_500_000, currency: "CNY", per: "day" },
  expires_at: 99,
  created_at: 1,
  rotated_at: null,
  revoked_at: null,
  last_used_at: null,
  ...change,
});

export function apiKeysContract(subject: Subject): void {
  describe("API keys", () => {
    it("keeps every field, and finds a key by its hash and its id", async () => {
      const { apiKeys } = subject();
      expect(await apiKeys.hasAny()).toBe(false);
      const one = sampleKey("one");
      const two = sampleKey("two", { is_admin: true, budget: null, created_at: 2 });
      await apiKeys.create(two, "hash-two");
      await apiKeys.create(one, "hash-one");
      expect(await apiKeys.hasAny()).toBe(true);
      expect(await apiKeys.findByHash("hash-one")).toEqual(one);
      expect(await apiKeys.findByHash("hash")).toBeUndefined();
      expect(await apiKeys.findById("id-two")).toEqual(two);
      expect(await apiKeys.list()).toEqual([one, two]);
    });

    it("refuses a name and a secret that are taken", async () => {
      const { apiKeys } = subject();
      await apiKeys.create(sampleKey("one"), "hash");
      const conflict = { code: "conflict" };
      await expect(apiKeys.create(sampleKey("two"), "hash")).rejects.toMatchObject(conflict);
      const same = sampleKey("one", { key_id: "other" });
      await expect(apiKeys.create(same, "other")).rejects.toMatchObject(conflict);
    });

    it("gives a key another secret, and ends it for good", async () => {
      const { apiKeys } = subject();
      await apiKeys.create(sampleKey("one"), "old");
      const digest = { hash: "new", prefix: "kg_new1", last4: "1234" };
      const { hash: _hash, ...shown } = digest;
      expect(await apiKeys.rotate("one", digest, 5)).toMatchObject({ ...shown, rotated_at: 5 });
      expect(await apiKeys.findByHash("old")).toBeUndefined();
      expect(await apiKeys.delete("one")).toBe(false);
      expect(await apiKeys.revoke("one", 6)).toMatchObject({ revoked_at: 6 });
      expect(await apiKeys.revoke("one", 7)).toMatchObject({ revoked_at: 6 });
      expect(await apiKeys.rotate("one", { ...digest, hash: "again" }, 8)).toBeUndefined();
      expect(await apiKeys.revoke("none", 7)).toBeUndefined();
      expect(await apiKeys.delete("one")).toBe(true);
      expect(await apiKeys.hasAny()).toBe(false);
    });

    it("notes when a key was used", async () => {
      const { apiKeys } = subject();
      await apiKeys.create(sampleKey("one"), "hash");
      await apiKeys.touch("id-one", 7);
      expect(await apiKeys.findById("id-one")).toMatchObject({ last_used_at: 7 });
    });
  });
}
