import type { Ingest } from "../ingest/ingest.io.js";
import type { PublicLog } from "../tlog/publiclog.io.js";
import type { VaultReader } from "../vault/vault.io.js";
import type { Measure } from "./plugins/metrics.js";

/** What an operator watches, beside the API's own numbers. */
export function measuresOf(
  { vault: { reader }, log }: { readonly vault: { readonly reader: VaultReader }; readonly log: PublicLog },
  ingest: Ingest,
): readonly Measure[] {
  const measure = (name: string, help: string, value: Measure["value"]): Measure => ({ name, help, value });
  return [
    measure(
      "lintel_vault_bytes",
      "Sealed bytes in the vault",
      async () => (await reader.health()).bytesStored,
    ),
    measure("lintel_vault_bytes_max", "Bytes that it may hold", async () => (await reader.health()).bytesMax),
    measure(
      "lintel_vault_disk_free_bytes",
      "Free on its disk",
      async () => (await reader.health()).bytesFree,
    ),
    measure("lintel_vault_full", "1 while it takes nothing", async () =>
      Number((await reader.health()).full),
    ),
    measure(
      "lintel_vault_bodies_damaged",
      "Bodies found missing or damaged since start",
      async () => (await reader.health()).bodiesDamaged,
    ),
    measure("lintel_vault_clock_doubtful", "1 while the clock is not believed", async () =>
      Number((await reader.health()).clockDoubtful),
    ),
    measure("lintel_log_entries", "Entries in the public log", () => log.health().entries),
    measure("lintel_log_published", "Of them published", () => log.health().published),
    measure("lintel_cameras_online", "Cameras connected", () => ingest.gauges().camerasOnline),
    measure("lintel_ingest_open_segments", "Segments under way", () => ingest.gauges().openSegments),
    measure("lintel_ingest_pending_bytes", "Bytes not yet written", () => ingest.gauges().pendingBytes),
    measure(
      "lintel_ingest_segments_total",
      "Segments stored since start",
      () => ingest.counts().segmentsStored,
    ),
    measure("lintel_ingest_bytes_total", "Bytes stored since start", () => ingest.counts().bytesStored),
    measure(
      "lintel_ingest_thumbnails_total",
      "Thumbnails stored since start",
      () => ingest.counts().thumbnailsStored,
    ),
    measure("lintel_ingest_events_total", "Events stored since start", () => ingest.counts().eventsStored),
    measure("lintel_ingest_chunks_dropped_total", "Chunks out of place", () => ingest.counts().chunksDropped),
    measure("lintel_ingest_refused_total", "Malformed messages", () => ingest.counts().messagesRefused),
    measure(
      "lintel_identity_conflicts_total",
      "Two devices, one identity",
      () => ingest.counts().identityConflicts,
    ),
  ];
}
