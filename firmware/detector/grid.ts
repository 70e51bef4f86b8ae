/** Cells are squares of 4 by 4 pixels. */
export const cellShift = 2;
export const cellSize = 1 << cellShift;
/** Of a cell that is as bright as expected: gains count 256ths. */
export const evenGain = 256;

/** How many of sixteen bits are set. */
export function bitsOf(bits: number): number {
  const pairs = bits - ((bits >> 1) & 0x5555);
  const fours = (pairs & 0x3333) + ((pairs >> 2) & 0x3333);
  const bytes = (fours + (fours >> 4)) & 0x0f0f;
  return (bytes + (bytes >> 8)) & 0x1f;
}
