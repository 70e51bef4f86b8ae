import { t as tap, test } from "tap";
import { openInstallGround } from "./install.js";

tap.setTimeout(180_000);

test("an installation killed in the middle of its test clip is finished by the same command", async (t) => {
  const ground = await openInstallGround();
  t.teardown(() => ground.close());
  // Behind its fifth word it is installed; every other point is tried by `npm run prove -- installer`.
  const point = { after: 4, millis: 1_500, name: "in the middle of the test clip" };
  t.match(await ground.killedAt(point), { killed: true, faults: [] });
});
