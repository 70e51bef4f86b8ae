import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { systemClock as clock, systemRandom as random } from "../system.io.js";
import { openAuthority } from "./ca.io.js";

test("of several that make the authority at the same time one wins, and all have that one", async (t) => {
  const directory = join(t.testdir({}), "identity");
  const hosts = ["localhost"];
  const open = () => openAuthority({ directory, hosts, clock, random });
  const opened = await Promise.all([open(), open(), open(), open()]);
  const later = await open();
  for (const authority of opened) t.equal(authority.caPem, later.caPem);
  for (const { server } of opened) t.equal(server.key, later.server.key);
  t.same(readdirSync(directory).sort(), ["ca.key", "ca.pem", "server.key", "server.pem"], "no half is left");
});
