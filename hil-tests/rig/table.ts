// The reliability table: what can go wrong, how it is made to, and what has to hold. What came of it is written by each run.

/** A case that tests beside the code show: their file as built, and how their titles begin. */
export type Shown = readonly (readonly [file: string, title: string])[];

interface Row {
  readonly fault: string;
  /** On a machine with Linux; a simulation's faults are its own. */
  readonly inject: string;
  readonly pass: string;
  /** Where no story but tests of their own show it. */
  readonly tests?: Shown;
  /** Why nothing shows it yet. */
  readonly notYet?: string;
}

export const table = {
  "cut-in-clip": {
    fault: "Power cut in a clip",
    inject: "SIGKILL, and the ext4 card shut down so that what was not synced is dropped",
    pass: "starts; clips playable, at most 2 s lost; every press told",
  },
  "cut-in-update": {
    fault: "Power cut in an update",
    inject: "cut at each 1 % of it",
    pass: "always starts, the old or the new one",
    notYet: "there is no image with two slots: updates are Debian packages, which dpkg replaces file by file",
  },
  "bad-update": {
    fault: "Bad update",
    inject: "an image that panics or never reports itself healthy",
    pass: "the old slot is back within 5 min, and the cloud is told",
    notYet: "there is no image with two slots to go back to",
  },
  "card-full": {
    fault: "Card full",
    inject: "a small file system, filled",
    pass: "presses are told; nothing that waits is dropped; the owner is told; goes on once there is room",
  },
  "card-read-only": {
    fault: "Card read-only, or failing",
    inject: "remounted read-only while it runs; ext4 shut down, so that every access is an I/O error",
    pass: "the owner is told; no loop of crashes; records again afterwards",
  },
  "bit-rot": {
    fault: "Bit rot",
    inject: "a bit turned over in a sealed body",
    pass: "found, told, never served as good; the others are fine",
  },
  "no-network": {
    fault: "No network for 7 days",
    inject: "blackhole route; the clock steps from day to day",
    pass: "every clip arrives once, in order, under its own time",
  },
  loss: {
    fault: "10 % loss, 300 ms",
    inject: "each packet dropped by chance, 150 ms each way",
    pass: "95 of 100 presses are told within 4 s",
  },
  "narrow-uplink": {
    fault: "64 kbit/s uplink",
    inject: "tbf on the camera's interface",
    pass: "the press before the picture before the clip",
  },
  flapping: {
    fault: "Flapping link",
    inject: "link down 5 s, up 5 s",
    pass: "nothing twice, no leak",
  },
  "half-open": {
    fault: "Half-open connection",
    inject: "packets dropped silently",
    pass: "noticed within 1.5 × keep-alive",
  },
  "broker-killed": {
    fault: "Broker killed in an acknowledgement",
    inject: "SIGKILL in a loop",
    pass: "nothing lost, nothing twice",
  },
  "broker-partition": {
    fault: "Broker cut off from the cloud",
    inject: "the cloud's way to its broker is cut, the camera's is not",
    pass: "connected again within 60 s; nothing lost",
  },
  "reconnect-storm": {
    fault: "Reconnect storm",
    inject: "20,000 simulated clients at once",
    pass: "99 of 100 accepted within 5 s",
    notYet: "20,000 TLS clients need more than this machine's two cores",
  },
  "ingest-killed": {
    fault: "Cloud killed while it stores",
    inject: "SIGKILL between file and row, and at random",
    pass: "nothing acknowledged is lost, nothing stands twice",
  },
  "database-failover": {
    fault: "Postgres failover",
    inject: "stop the primary",
    pass: "releases stay shut until it is back",
    notYet: "the cloud has SQLite only",
  },
  "object-store": {
    fault: "Object store slow or 503",
    inject: "a stub server",
    pass: "backs off; bounded queue; alert",
    notYet: "the vault is a directory, there is no object store",
  },
  clock: {
    fault: "Clock a year off, no time source",
    inject: "libfaketime, stepped while the camera runs",
    pass: "TLS recovers; clips arrive in order; the status says so",
  },
  "certificate-ended": {
    fault: "Certificate ended in a drawer",
    inject: "one that ended yesterday",
    pass: "enrols again once an owner says yes",
    tests: [["hil-tests/scenarios/certificate.slow.test", "over embedded a camera renews by itself"]],
  },
  lens: {
    fault: "Lens covered or frozen",
    inject: "grey pictures, or one again and again, behind an encoder of constant quality",
    pass: "told within 60 s; gone when it is over",
  },
  "sensor-hangs": {
    fault: "ffmpeg hangs, or is killed for want of memory",
    inject: "SIGSTOP; SIGKILL",
    pass: "replaced within 30 s; what is recorded stays whole",
  },
  button: {
    fault: "Button bounces, is held, or is pressed again and again",
    inject: "50 edges; held for 35 s; 100 presses",
    pass: "one press each; one report of the held one; each of the hundred is told",
  },
  attacker: {
    fault: "Replay, forged, another household's",
    inject: "somebody with all that the cloud has, over a real broker",
    pass: "all refused",
    tests: [
      ["hil-tests/scenarios/attacker.slow.test", "with every secret, the database and the vault"],
      ["hil-tests/scenarios/attacker.slow.test", "a claim whose answer the cloud makes up or replays"],
      ["cloud/api/crossing.slow.test", "random calls of random members over every route"],
    ],
  },
  "revoke-in-release": {
    fault: "Withdrawn while it is released",
    inject: "withdrawn before, while and after each piece is fetched",
    pass: "no byte served after the withdrawal is committed",
    tests: [
      ["hil-tests/scenarios/revoke.slow.test", "whenever an owner withdraws, not one byte is served"],
      ["hil-tests/scenarios/revoke.slow.test", "whoever reads slowly holds no withdrawal up"],
    ],
  },
  restore: {
    fault: "Backup and restore",
    inject: "wipe, restore, compare",
    pass: "same hashes; old clips open",
    tests: [
      ["cloud/backup/backup.test", "what a backup brings back opens as it was sealed"],
      ["cloud/main.slow.test", "a running cloud is backed up by one command"],
    ],
  },
  upgrade: {
    fault: "Upgrade over two versions, old cameras",
    inject: "a matrix of versions",
    pass: "API, MQTT and database compatible",
    notYet: "there is one version",
  },
  "by-chance": {
    fault: "Many of these at once, by chance",
    inject: "60 seeded worlds in virtual time; a thousand with npm run sim",
    pass: "acknowledged is kept, every clip or its gap; planted bugs are found",
    tests: [
      ["hil-tests/sim/sim.slow.test", "in 60 worlds full of faults every promise holds"],
      ["hil-tests/sim/sim.slow.test", "a planted bug is found, by its oracle"],
    ],
  },
  soak: {
    fault: "Soak",
    inject: "20 simulated cameras, line faults at low rates",
    pass: "nothing lost, nothing twice; memory and open files flat",
  },
} as const satisfies Readonly<Record<string, Row>>;

export type RowId = keyof typeof table;
