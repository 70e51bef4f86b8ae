import type { CharterCamera } from "../../../shared/charter/lines.js";
import type { TestClip } from "./testclip.io.js";

/** What the household is told about its camera on the day it is installed. */
export interface Handover {
  readonly date: Date;
  readonly household: string;
  readonly camera: CharterCamera;
  readonly charter: number;
  readonly source: string;
  readonly cloudUrl: string;
  readonly state: string;
  readonly test: TestClip;
}

interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

/** One page, without a secret on it, for people who have never seen Lintel. */
function sectionsOf({ date, household, camera, charter, source, cloudUrl, state, test }: Handover) {
  const modes = camera.modes.join(", ");
  const masks =
    camera.masks.length === 0 ? "nothing is masked" : `${camera.masks.length} masked areas stay black`;
  const zones =
    camera.zones.length === 0 ? "motion counts everywhere" : `motion counts by ${camera.zones.length} zones`;
  const sections: readonly Section[] = [
    {
      title: "What it is",
      lines: [
        `${camera.name}: camera ${camera.id} of household ${household}, installed ${date.toISOString().slice(0, 16).replace("T", " ")} UTC.`,
        `Its recordings are sealed on the camera to the household's keys. The cloud at ${cloudUrl} stores them and cannot open them.`,
      ],
    },
    {
      title: "What was checked",
      lines: [
        "The camera gives pictures, the disk is large and fast enough, the cloud answers and proved who it is.",
        `The household signed this camera in (charter ${charter}).`,
        `A test clip was recorded, sealed and sent; the vault signed for all ${test.segments} of its segments (clip ${test.clip}).`,
      ],
    },
    {
      title: "What it sees and hears",
      lines: [
        `Picture from ${source}: ${masks}; ${zones}.`,
        camera.audio ? "Sound is recorded." : "No sound is recorded.",
        `What it may do: ${modes}. Only the household's signature can change any of this.`,
      ],
    },
    {
      title: "How to look",
      lines: ["On the household's computer: lintel member clips, then lintel member open CLIP."],
    },
    {
      title: "How to turn it off",
      lines: [
        `From afar: lintel member mode "${camera.name}" off (and record for on). At the door: pull the plug; what is sealed by then stays, and is sent later.`,
      ],
    },
    {
      title: "How to reset it",
      lines: [
        `On the camera: lintel reset --state ${state} wipes its keys and what waits on its card. Then it is no longer the household's camera.`,
      ],
    },
  ];
  return sections;
}

export function handoverText(handover: Handover): string {
  const parts = sectionsOf(handover).map(
    ({ title, lines }) => `${title}\n${lines.map((line) => `  ${line}\n`).join("")}`,
  );
  return `Your Lintel camera\n\n${parts.join("\n")}`;
}

export function handoverHtml(handover: Handover): string {
  const parts = sectionsOf(handover).map(
    ({ title, lines }) =>
      `<h2>${escaped(title)}</h2>\n${lines.map((line) => `<p>${escaped(line)}</p>\n`).join("")}`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Your Lintel camera</title>
<style>
body { font: 11pt/1.45 Georgia, serif; max-width: 42em; margin: 2em auto; padding: 0 1em; overflow-wrap: anywhere }
h1, h2 { font-family: sans-serif; line-height: 1.2 }
h2 { font-size: 1.05em; margin: 1.4em 0 .3em }
p { margin: .3em 0 }
@page { margin: 2cm }
</style>
<h1>Your Lintel camera</h1>
${parts.join("")}</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
