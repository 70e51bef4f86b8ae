/** Cells are squares of 4 by 4 pixels. */
export const cellShift = 2;
export const cellSize = 1 << cellShift;
