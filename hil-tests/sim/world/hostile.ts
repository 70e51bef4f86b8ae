// What a cloud that lies tells a camera: that it has what it has not, an older charter, somebody else's orders.

import { memberKeyName } from "../../../shared/charter/lines.js";
import { formatDeletion, formatReceipt } from "../../../shared/clip/custody.js";
import { parseSegment } from "../../../shared/clip/segment.js";
import { millis } from "../../../shared/kernel/brand.js";
import { memberIdOf } from "../../../shared/kernel/ids.js";
import { writeMessage } from "../../../shared/protocol/messages.js";
import { downTopic } from "../../../shared/protocol/topics.js";
import { signNote, textOf, verifierOf } from "../../../shared/seal/note.js";
import { prng, wallNow } from "../edges/clockwork.js";
import type { Doorbell } from "./doorbell.js";
import type { World } from "./world.js";

interface Lie {
  readonly what: string;
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** `undefined` where there is nothing to lie about. */
export function forge(world: World, doorbell: Doorbell): Lie | undefined {
  const { camera } = doorbell.identity;
  const kind = world.chance.between(0, 4);
  if (kind === 0 || doorbell.truth.sealed.size === doorbell.truth.acknowledged.size) {
    const payload = writeMessage({ v: 1, charters: world.home.chain.slice(0, 2) });
    return { what: "an old charter", topic: downTopic(camera, "charter"), payload };
  }
  const waiting = [...doorbell.truth.sealed.values()].filter(
    ({ clip, index }) => !doorbell.truth.acknowledged.has(`${clip}/${index}`),
  );
  const segment = waiting.at(-1);
  const note = segment && parseSegment(textOf(segment.note));
  if (segment === undefined || note?.ok !== true) return undefined;
  const { clip, index } = segment;
  const stranger = prng().bytes(32);
  if (kind < 3) {
    const { household, sha256 } = note.value;
    const text = formatReceipt({ household, camera, clip, index, sha256, at: millis(wallNow()) });
    // Under the vault's name, by another key.
    const receipt = signNote(text, [{ name: vaultName(world), secretKey: stranger }]);
    const payload = writeMessage({ v: 1, kind: "done", clip, segment: index, receipt });
    return { what: "a receipt", topic: downTopic(camera, "clip"), payload };
  }
  const name = memberKeyName(memberIdOf(verifierOf({ name: "", secretKey: stranger }).publicKey));
  const text = formatDeletion({ household: world.home.id, camera, clip, at: millis(wallNow()) });
  const payload = writeMessage({ v: 1, note: signNote(text, [{ name, secretKey: stranger }]) });
  return { what: "a deletion", topic: downTopic(camera, "delete"), payload };
}

function vaultName({ vaultKey }: World): string {
  return vaultKey.split("+")[0] ?? "";
}
