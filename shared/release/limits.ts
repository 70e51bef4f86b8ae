/** Pieces in which a sealed package comes. */
export const packagePiecesMax = 128;
export const packagePieceBytesMax = 4 * 1024 * 1024;
