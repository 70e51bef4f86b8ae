import { test } from "tap";
import { emptyState, formatState, type OwnersState } from "../../scripts/cli/consent/state.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { type CameraId, cameraIdOf, memberIdOf } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { type Area, contains, type Place, squareMetres } from "../../shared/release/area.js";
import { floorPolicy } from "../../shared/release/floor.js";
import {
  type Asked,
  type AssistanceRequest,
  faultsOf,
  isDanger,
  volumeFaultsOf,
} from "../../shared/release/request.js";
import { day, hour, newAgency, newRequest, square } from "../../shared/release/testing.contract.js";
import { hashOfText } from "../../shared/seal/hash.js";

// The market's busiest year again, by our rules: 22,000 requests from 2,161 agencies over 400,000 households.
//
// Assumptions, each a guess where nothing was published: requests spread over agencies as 1/rank (few agencies ask most); areas
// are even between the 0.065 and 1.3 km² that the market allowed, windows between 15 min and 12 h, incidents up to 45 days old;
// 8 % are about a missing or endangered person; 6 % repeat an incident; 3 % reach beyond the agency's territory. Households
// stand evenly in their agency's territory of 12 x 12 km. Moderators take a day and turn nobody down.

const requests = 22_000;
const agencies = 2_161;
const households = 400_000;
const random = seededPrng(2022);
const start = millis(1_640_995_200_000);
const model = newAgency(start);

interface Force {
  readonly territory: Area;
  readonly homes: readonly Place[];
  readonly asked: Asked[];
}

const side = 12_000;
const forces: readonly Force[] = Array.from({ length: agencies }, (_, at) => {
  const [latitude, longitude] = [3_000_000 + (at % 47) * 30_000, -10_000_000 + Math.floor(at / 47) * 40_000];
  const territory = square(side, latitude, longitude);
  const homes = Array.from({ length: Math.floor(households / agencies) }, () => placeIn(territory));
  return { territory, homes, asked: [] };
});
const weights = forces.map((_, at) => 1 / (at + 1));
const total = weights.reduce((sum, weight) => sum + weight, 0);

function placeIn(area: Area): Place {
  const [north, , south] = area;
  const [east] = [area[1]];
  const between = (from: number, to: number): number => Math.round(from + random.next() * (to - from));
  return {
    latitude: between(south?.latitude ?? 0, north?.latitude ?? 0),
    longitude: between(north?.longitude ?? 0, east?.longitude ?? 0),
  };
}

function whoAsks(): Force {
  const drawn = random.next() * total;
  let sum = 0;
  const at = weights.findIndex((weight) => {
    sum += weight;
    return sum >= drawn;
  });
  return forces[Math.max(at, 0)] as Force;
}

function wish({ territory, asked }: Force, at: Millis, count: number): AssistanceRequest {
  const middle = placeIn(
    random.next() < 0.03 ? square(side * 3, territory[0]?.latitude, territory[0]?.longitude) : territory,
  );
  const size = Math.sqrt(65_000 + random.next() * (1_300_000 - 65_000));
  const long = (15 + random.next() * (12 * 60 - 15)) * 60_000;
  const happened = millis(at - hour - random.next() * 45 * day);
  const again = random.next() < 0.06 ? asked.at(-1)?.file : undefined;
  return newRequest(model, at, {
    ...{
      file: again ?? `Y-${count}`,
      area: square(size, middle.latitude, middle.longitude),
      happened,
      submitted: at,
    },
    ...{ from: millis(happened - long / 2), to: millis(Math.min(happened + long / 2, at)) },
    category: random.next() < 0.08 ? "missing-or-endangered-person" : "burglary",
  });
}

/** The request that comes as the `count`th, and what it breaks; one that breaks nothing counts from then on. */
function submit(count: number) {
  const at = millis(start + (count / requests) * 365 * day);
  const force = whoAsks();
  const request = wish(force, at, count);
  const isOpen = ({ submitted }: Asked): boolean => at - submitted <= floorPolicy.requestOpenFor;
  const earlier = force.asked.map((one) => ({ ...one, open: isOpen(one) }));
  const faults = [
    ...faultsOf(request, { territory: force.territory }, floorPolicy),
    ...volumeFaultsOf(request, earlier, floorPolicy),
  ];
  if (faults.length === 0)
    force.asked.push({ file: request.file, area: request.area, submitted: at, open: true });
  const near = force.homes.filter((home) => contains(request.area, home)).length;
  return { request, faults, near };
}

test("of the market's busiest year few requests pass the rules, and no server knows whom they concern", (t) => {
  const year = Array.from({ length: requests }, (_, count) => submit(count));
  const passed = year.filter(({ faults }) => faults.length === 0);
  const refused = new Map<string, number>();
  for (const { kind } of year.flatMap(({ faults }) => faults))
    refused.set(kind, (refused.get(kind) ?? 0) + 1);
  for (const [kind, times] of [...refused].sort(([, a], [, b]) => b - a))
    t.comment(`refused ${times} times: ${kind}`);
  const danger = passed.filter(({ request }) => isDanger(request.category)).length;
  const concerned = passed.reduce((sum, { near }) => sum + near, 0);
  const nobody = passed.filter(({ near }) => near === 0).length;
  t.comment(
    `${passed.length} of ${requests} would be published, all of them public; ${danger} for an endangered person`,
  );
  t.comment(
    `${concerned} households' own machines would show one; ${nobody} concern nobody, and look the same`,
  );
  t.ok(passed.length > 0 && passed.length < requests / 4, `${passed.length} pass`);
  const boundOf = ({ category }: AssistanceRequest): number =>
    isDanger(category) ? floorPolicy.areaInDangerMax : floorPolicy.areaMax;
  t.ok(passed.every(({ request }) => squareMetres(request.area) <= boundOf(request)));
  t.ok(
    forces.every(({ asked }) => new Set(asked.map(({ file }) => file)).size === asked.length),
    "once an incident",
  );
  t.end();
});

test("whatever an owner considers, the file that their machine writes has one length", (t) => {
  const places = new Map<CameraId, Place>([
    [cameraIdOf(random.bytes(32)), { latitude: 4_888_670, longitude: 234_310 }],
  ]);
  const states: OwnersState[] = [
    emptyState,
    { ...emptyState, optedOut: true },
    { ...emptyState, places },
    {
      ...{ optedOut: false, places },
      noes: [{ member: memberIdOf(random.bytes(32)), claim: hashOfText("a claim") }],
      drafts: [{ note: "authorisation/v1\n…".repeat(300), since: millis(1) }],
    },
  ];
  t.same([...new Set(states.map((state) => formatState(state).length))], [64 * 1024]);
  t.end();
});
