import { everyOf } from "../agency/papers.io.js";
import { counted } from "../counted.js";
import type { Fields } from "../fields.js";
import { openOfficeCloud } from "../office/cloud.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";

// Releases that two operators look at: at their circumstances, for nobody here can see a picture or whose it is.

const path = "/operator/v1/releases";

export async function reviewList(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openOfficeCloud(folder, "operator");
  const reviews = await everyOf(cloud, path, "reviews", (review) => show(review, terminal));
  if (reviews.length === 0) terminal.say("No release waits for a review.");
}

export async function reviewGive(folder: string, id: string, terminal: Terminal): Promise<void> {
  const cloud = openOfficeCloud(folder, "operator");
  const waiting = await everyOf(cloud, path, "reviews", (review) => ({
    ...{ id: review.text("id"), line: lineOf(review) },
  }));
  const found = waiting.find((review) => review.id === id);
  if (found === undefined)
    throw new Refused(`No release ${id} waits for a review. See: lintel operator releases`);
  terminal.warn(`  ${found.line}`);
  if (!(await terminal.agreed("Does nothing speak against this release?")))
    throw new Refused("Nothing was decided. Where something speaks against it, leave it: it ends by itself.");
  await cloud.call({ method: "POST", path: `${path}/${encodeURIComponent(id)}/review` });
  terminal.json({ id, reviewed: true });
  terminal.say(`${id}: your word is given. It goes on once two operators have given theirs.`);
}

function show(review: Fields, terminal: Terminal): void {
  const [id, agency, request] = [review.text("id"), review.text("agency"), review.text("request")];
  const [clips, child] = [review.number("clips"), review.maybeFlag("child") === true];
  terminal.json({ id, agency, request, clips, child, reviewers: review.texts("reviewers") });
  terminal.say(lineOf(review));
}

function lineOf(review: Fields): string {
  const child = review.maybeFlag("child") === true ? "a child is seen" : "no child is seen";
  const given = review.texts("reviewers").length;
  return `${review.text("id")}  agency ${review.text("agency")}  request ${review.text("request")}  ${counted(review.number("clips"), "clip")}, ${child}  ${given} of 2 reviewed`;
}
