import type { Story } from "../rig/story.js";
import type { Verbs } from "../rig/verbs.js";

/** A house that was just opened, on a machine that has other work. */
const onlineMillisMax = 90_000;
const house = { broker: "embedded", preRoll: 1, postRoll: 2 } as const;
const dayMillis = 24 * 3_600_000;
const keepAliveMillis = 20_000;

/** Presses that the owner is told of. */
async function toldPresses(verbs: Verbs): Promise<number> {
  return (await verbs.doorEvents()).filter(({ kind }) => kind === "press").length;
}

/** From a press to the moment at which its owner can read of it. */
async function latency(verbs: Verbs): Promise<number> {
  const before = await toldPresses(verbs);
  const since = verbs.now();
  await verbs.press();
  await verbs.until("the press is told", async () => (await toldPresses(verbs)) > before);
  return verbs.now() - since;
}

const lossy: Story = {
  name: "with 10 % of packets lost and 300 ms there and back a press is told within 4 s",
  row: "loss",
  needs: ["line", "button"],
  house,
  secondsMax: 300,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.shape({ delayMillis: 150, lossPercent: 10 });
    const millis: number[] = [];
    for (let press = 0; press < 20; press++) {
      millis.push(await latency(verbs));
      await verbs.pass(3_000);
    }
    const sorted = millis.toSorted((a, b) => a - b);
    verbs.measure({ name: "press to owner, median", value: sorted[10] ?? 0, unit: "ms" });
    verbs.measure({ name: "press to owner, 95 of 100", value: sorted[18] ?? 0, unit: "ms", most: 4_000 });
    await verbs.heal();
    await verbs.expectInVault();
  },
};

const narrow: Story = {
  name: "at 64 kbit/s the press comes first, then the picture, then the clip",
  row: "narrow-uplink",
  // The picture that comes before the clip is the lens's.
  needs: ["line", "button", "lens"],
  house,
  secondsMax: 400,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.shape({ bitsPerSecond: 64_000 });
    verbs.measure({ name: "press to owner", value: await latency(verbs), unit: "ms", most: 4_000 });
    await verbs.until("the picture is there", () => verbs.said("camera", "uplink.thumbnail") > 0, 120_000);
    const waiting = verbs.said("camera", "journal.stored") - verbs.said("camera", "uplink.acknowledged");
    verbs.expect(waiting > 0, `the picture came while ${waiting} segments were on their way`);
    await verbs.heal();
    await verbs.expectInVault(300_000);
  },
};

const flapping: Story = {
  name: "a link that is down every other five seconds brings nothing twice, and leaks nothing",
  row: "flapping",
  needs: ["line", "button", "meter"],
  house,
  secondsMax: 300,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    const before = await verbs.meter("camera");
    for (let flap = 0; flap < 6; flap++) {
      await verbs.press();
      await verbs.partition();
      await verbs.pass(5_000);
      await verbs.heal();
      await verbs.pass(5_000);
    }
    await verbs.expectInVault();
    const after = await verbs.meter("camera");
    const files = after.openFiles - before.openFiles;
    verbs.measure({ name: "more open files of the camera", value: files, unit: "", most: 2 });
  },
};

const halfOpen: Story = {
  name: "a connection that carries nothing any more is noticed, and another one made",
  row: "half-open",
  needs: ["line", "button"],
  house,
  secondsMax: 240,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.until("the camera is subscribed", () => verbs.said("camera", "uplink.connected") > 0);
    const before = verbs.said("camera", "uplink.disconnected");
    await verbs.stall();
    await verbs.press();
    const millis = await verbs.until(
      "the camera notices",
      () => verbs.said("camera", "uplink.disconnected") > before,
    );
    verbs.measure({ name: "noticed after", value: millis, unit: "ms", most: 1.5 * keepAliveMillis });
    await verbs.heal();
    await verbs.expectInVault();
  },
};

const days = 7;
const aWeek: Story = {
  name: "what is recorded in a week without network arrives once, in order, under its own time",
  row: "no-network",
  needs: ["line", "button", "clock"],
  house,
  secondsMax: 300,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.stall();
    for (let day = 0; day < days; day++) {
      await verbs.press();
      await verbs.clipsEnd(day + 1);
      await verbs.stepClock(dayMillis);
    }
    await verbs.stepClock(-days * dayMillis);
    await verbs.heal();
    const clips = await verbs.expectInVault(180_000);
    verbs.expect(clips >= days, `${clips} clips of ${days} days are there`);
    await verbs.expectInOrder(dayMillis);
  },
};

const brokerPartition: Story = {
  name: "a cloud that is cut off from its broker is back within a minute, and has missed nothing",
  row: "broker-partition",
  needs: ["line", "button"],
  house: { ...house, broker: "external" },
  secondsMax: 240,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.partition("cloud");
    await verbs.press();
    await verbs.pass(15_000);
    const acknowledged = verbs.said("camera", "uplink.acknowledged");
    await verbs.heal();
    const millis = await verbs.until(
      "receipts come again",
      () => verbs.said("camera", "uplink.acknowledged") > acknowledged,
    );
    verbs.measure({ name: "receipts again after", value: millis, unit: "ms", most: 60_000 });
    await verbs.expectInVault();
  },
};

export const lineStories: readonly Story[] = [lossy, narrow, flapping, halfOpen, aWeek, brokerPartition];
