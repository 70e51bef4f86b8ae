/** Why a clip was cut. */
export type TriggerKind = "motion" | "press";

export function isTriggerKind(text: string): text is TriggerKind {
  return text === "motion" || text === "press";
}
