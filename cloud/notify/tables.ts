/** Times are decimal milliseconds. */
export interface NotifyTables {
  readonly webhook: WebhookRow;
  readonly webhook_delivery: DeliveryRow;
}

export interface WebhookRow {
  readonly id: string;
  readonly household: string;
  readonly url: string;
  /** `whsec_` and base64: signs what is sent, so it must be readable here. Opens nothing. */
  readonly secret: string;
  readonly made_at: number;
  /** The receiver said 410: nothing more is sent. */
  readonly ended_at: number | null;
}

/** A message to a webhook. The database queues it itself, with the event that it tells of. */
export interface DeliveryRow {
  readonly webhook: string;
  /** The same for each try and each replay: receivers tell repetitions by it. */
  readonly message: string;
  readonly kind: string;
  readonly payload: string;
  readonly made_at: number;
  readonly tries: number;
  /** When to try next; null when delivered or given up. */
  readonly due_at: number | null;
  readonly delivered_at: number | null;
  /** What became of the last try. */
  readonly answer: string | null;
}
