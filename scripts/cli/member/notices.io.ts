import { millis } from "../../../shared/kernel/brand.js";
import type { Language } from "../../../shared/release/notice.js";
import {
  type OrderedItem,
  type OrderNoticeKind,
  orderNoticeKinds,
  orderNoticeText,
} from "../../../shared/release/ordernotice.js";
import { type Fields, UnexpectedAnswer } from "../fields.js";
import type { Terminal } from "../terminal.io.js";
import { openCloud } from "./cloud.io.js";

/** What the household was told of orders about its recordings, newest first, in the fixed words of this program. */
export async function memberNotices(folder: string, language: Language, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const { newest } = await cloud.household();
  const names = new Map<string, string>(newest.cameras.map(({ id, name }) => [id, name] as const));
  const notices = await cloud.list("/v1/household/notices", "notices", readNotice);
  for (const { at, about, ...notice } of notices) {
    const items = notice.items.map((item) => ({ ...item, camera: names.get(item.camera) ?? item.camera }));
    const text = orderNoticeText({ ...notice, items }, language);
    terminal.json({ at, about, ...notice, text });
    terminal.say(`${at}  ${text}`);
    terminal.say(`  In the public log as ${about}.`);
  }
  if (notices.length === 0) terminal.say("There is no order about your household's recordings.");
}

function readNotice(notice: Fields) {
  const kind = orderNoticeKinds.find((one) => one === notice.text("kind"));
  if (kind === undefined) throw new UnexpectedAnswer("a notice is of a kind that this version does not know");
  const until = notice.maybeText("until");
  return {
    ...{ at: notice.text("at"), about: notice.text("about"), kind: kind satisfies OrderNoticeKind },
    ...{ agency: notice.text("agency"), file: notice.text("file"), items: notice.list("items", readItem) },
    until: until === undefined ? undefined : timeIn(until),
  };
}

function readItem(item: Fields): OrderedItem {
  const [from, to] = [timeIn(item.text("from")), timeIn(item.text("to"))];
  const data = item.text("data") === "content" ? "content" : "metadata";
  return { data, camera: item.text("camera"), from, to };
}

function timeIn(text: string) {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new UnexpectedAnswer("a notice's time is none");
  return millis(time);
}
