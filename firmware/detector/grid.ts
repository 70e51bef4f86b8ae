/** Cells are squares of 4 by 4 pixels. */
export const cellShift = 2;
export const cellSize = 1 << cellShift;
/** Of a cell that is as bright as expected: gains count 256ths. */
export const evenGain = 256;
