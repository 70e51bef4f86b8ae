import type { Story } from "../rig/story.js";

/** A house that was just opened, on a machine that has other work. */
const onlineMillisMax = 90_000;
const house = { broker: "embedded", preRoll: 1, postRoll: 2 } as const;
const clipMillis = 6_000;

const cardFull: Story = {
  name: "a full card costs none of what waits on it, presses are told, and it records again once there is room",
  row: "card-full",
  needs: ["disk", "line", "button", "power"],
  house,
  secondsMax: 300,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.stall();
    await verbs.press();
    await verbs.clipsEnd(1);
    await verbs.press();
    await verbs.pass(clipMillis / 3);
    await verbs.fillDisk("camera");
    await verbs.pass(clipMillis);
    await verbs.press();
    await verbs.pass(clipMillis);
    await verbs.heal();
    await verbs.expectTrouble(/card|disk|room|space/i, 60_000);
    await verbs.mendDisk("camera");
    await verbs.clipsEnd(3);
    await verbs.press();
    verbs.expect((await verbs.expectInVault()) >= 4, "it recorded before, meanwhile and after");
    verbs.expect(verbs.said("camera", "start") === 1, "the firmware never ended");
  },
};

const cardReadOnly: Story = {
  name: "a card that turns read-only is told, and once it can be written the camera records again",
  row: "card-read-only",
  needs: ["disk", "button", "power"],
  house,
  secondsMax: 300,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.press();
    await verbs.clipsEnd(1);
    await verbs.protectDisk("camera");
    await verbs.pressUntold();
    await verbs.expectTrouble(/card|disk|read-only|written/i, 60_000);
    await verbs.mendDisk("camera");
    await verbs.pass(clipMillis);
    await verbs.restorePower("camera");
    await verbs.press();
    await verbs.clipsEnd(2);
    verbs.expect((await verbs.expectInVault()) >= 2, "it recorded before and after");
  },
};

const cardFails: Story = {
  name: "a card that fails altogether is told and ends nothing; with a sound one the camera has all that it said was safe",
  row: "card-read-only",
  needs: ["disk", "button", "power"],
  house,
  secondsMax: 300,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.press();
    await verbs.clipsEnd(1);
    await verbs.failDisk("camera");
    await verbs.pressUntold();
    await verbs.expectTrouble(/card|disk|written/i, 60_000);
    await verbs.pass(clipMillis);
    verbs.expect(verbs.said("camera", "start") === 1, "the firmware never ended");
    await verbs.cutPower("camera");
    await verbs.restorePower("camera");
    await verbs.press();
    await verbs.clipsEnd(2);
    verbs.expect((await verbs.expectInVault()) >= 2, "it recorded before and after");
  },
};

const rottenVault: Story = {
  name: "a bit that turns over in the vault is found, and not one byte of that clip is given out as good",
  row: "bit-rot",
  needs: ["disk", "button"],
  house,
  secondsMax: 120,
  async run(verbs) {
    await verbs.press();
    await verbs.clipsEnd(1);
    await verbs.press();
    await verbs.clipsEnd(2);
    await verbs.expectInVault();
    await verbs.rot("cloud");
    await verbs.expectRotFound();
  },
};

const rottenCard: Story = {
  name: "a bit that turns over on the card before its clip is sent is found, told, and costs no other clip",
  row: "bit-rot",
  needs: ["disk", "line", "button"],
  house,
  secondsMax: 180,
  async run(verbs) {
    await verbs.expectOnline(onlineMillisMax);
    await verbs.stall();
    await verbs.press();
    await verbs.clipsEnd(1);
    await verbs.rot("camera");
    await verbs.press();
    await verbs.clipsEnd(2);
    await verbs.heal();
    await verbs.until("the camera finds it", () => verbs.said("camera", "journal.damaged") > 0);
    await verbs.expectRotFound();
    await verbs.expectGapShown();
  },
};

export const diskStories: readonly Story[] = [cardFull, cardReadOnly, cardFails, rottenVault, rottenCard];
