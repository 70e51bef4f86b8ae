// What happens to the clock, the lens, its program and the button.
import type { Story } from "../rig/story.js";

/** A house that was just opened, on a machine that has other work. */
const onlineMillisMax = 90_000;
const house = { broker: "embedded", preRoll: 1, postRoll: 2 } as const;
const clipMillis = 6_000;
const yearMillis = 365 * 24 * 3_600_000;

const clock: Story = {
  name: "a clock that jumps by a year, and back by two, costs no clip; the status says that it is not set",
  row: "clock",
  needs: ["clock", "button", "power"],
  house,
  secondsMax: 240,
  async run(verbs) {
    let clips = 0;
    await verbs.press();
    for (const jump of [yearMillis, -2 * yearMillis]) {
      await verbs.clipsEnd(++clips);
      await verbs.stepClock(jump);
      await verbs.cutPower("camera");
      await verbs.restorePower("camera");
      await verbs.press();
    }
    await verbs.clipsEnd(++clips);
    await verbs.expectOnline(60_000);
    verbs.expect(
      (await verbs.status()).clock === "unsynchronised",
      "the owner is told that the clock is not set",
    );
    verbs.expect((await verbs.expectInVault()) >= 2, "every press has its clip");
  },
};

const lens: Story = {
  name: "a covered lens is told within a minute, and no more once it is clear; a walker before and after is recorded",
  row: "lens",
  needs: ["lens"],
  house,
  secondsMax: 300,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.pass(8_000);
    await verbs.walkPast();
    await verbs.until("the walker is seen", () => verbs.said("camera", "trigger") > 0);
    await verbs.pass(20_000);
    await verbs.spoilLens("cover");
    verbs.measure({
      name: "covered, told after",
      value: await verbs.expectTrouble(/even grey/, 70_000),
      unit: "ms",
      most: 60_000,
    });
    await verbs.clearLens();
    await verbs.expectNoTrouble(/even grey/, 60_000);
    await verbs.pass(8_000);
    const seen = verbs.said("camera", "trigger");
    await verbs.walkPast();
    await verbs.until("the next walker is seen", () => verbs.said("camera", "trigger") > seen);
    await verbs.pass(20_000);
    await verbs.expectInVault();
  },
};

const frozen: Story = {
  name: "a picture that stands still is told within a minute",
  row: "lens",
  needs: ["lens"],
  house,
  secondsMax: 200,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.pass(8_000);
    await verbs.spoilLens("freeze");
    verbs.measure({
      name: "frozen, told after",
      value: await verbs.expectTrouble(/stood still/, 70_000),
      unit: "ms",
      most: 60_000,
    });
    await verbs.clearLens();
    await verbs.expectNoTrouble(/stood still/, 60_000);
  },
};

/** A sensor's program that goes on no more, whichever way. */
const broken = (how: "hang" | "kill", name: string): Story => ({
  name,
  row: "sensor-hangs",
  needs: ["lens", "button"],
  house,
  secondsMax: 200,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.press();
    await verbs.clipsEnd(1);
    const troubles = verbs.said("camera", "camera.trouble");
    const sent = verbs.said("camera", "clip.sealed");
    await verbs.spoilLens(how);
    await verbs.until("the camera notices", () => verbs.said("camera", "camera.trouble") > troubles);
    await verbs.press();
    const millis = await verbs.until("footage comes again", () => verbs.said("camera", "clip.sealed") > sent);
    verbs.measure({ name: "footage again after", value: millis, unit: "ms", most: 30_000 });
    await verbs.pass(clipMillis);
    await verbs.expectInVault();
  },
});

const hang = broken(
  "hang",
  "an ffmpeg that stands still is replaced within 30 s, and what it recorded is whole",
);
const killed = broken(
  "kill",
  "an ffmpeg that is killed for want of memory is replaced within 30 s, and what it recorded is whole",
);

const button: Story = {
  name: "a press of 50 edges is one press, a button that is held is one press and one report",
  row: "button",
  needs: ["button"],
  house,
  secondsMax: 120,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.pressBouncing(50);
    await verbs.clipsEnd(1);
    await verbs.holdButton(35_000);
    await verbs.expectNoTrouble(/held down/, 60_000);
    await verbs.pass(clipMillis);
    await verbs.expectInVault();
    const presses = (await verbs.doorEvents()).filter(({ kind }) => kind === "press").length;
    verbs.expect(presses === 2, `${presses} presses were told`);
  },
};

const stormPresses = 100;
const storm: Story = {
  name: "of a hundred presses in less than a minute each is told, with the clip that it is in",
  row: "button",
  needs: ["button"],
  house,
  secondsMax: 300,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    for (let count = 0; count < stormPresses; count++) {
      await verbs.press();
      await verbs.pass(400);
    }
    await verbs.clipsEnd(1);
    await verbs.expectInVault();
    const told = (await verbs.doorEvents()).filter(({ kind }) => kind === "press").length;
    verbs.expect(told === stormPresses, `${told} presses were told`);
  },
};

export const doorStories: readonly Story[] = [clock, lens, frozen, hang, killed, button, storm];
