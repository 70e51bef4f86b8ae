/**
 * Under rain every frame shows other drops. While so much of the foreground is new in each frame, only that counts which
 * was there in two of the last three: an object moves by less than its width meanwhile.
 */
export interface Fleeting {
  /** Takes what does not last out of `foreground`, sixteen pixels a cell; frame by frame. */
  drop(foreground: Uint16Array): void;
}

/** It rains when one cell in so many has foreground that it did not have in the frame before. */
const rainShare = 24;
/** Frames over which that is averaged, as a power of two. */
const memory = 4;

export function createFleeting(cells: number): Fleeting {
  const before = new Uint16Array(cells);
  const earlier = new Uint16Array(cells);
  let usual = 0;
  return {
    drop: (foreground) => {
      const raining = usual * rainShare > cells << memory;
      let fresh = 0;
      for (let cell = 0; cell < cells; cell++) {
        const now = foreground[cell] ?? 0;
        const last = before[cell] ?? 0;
        const older = earlier[cell] ?? 0;
        if (now !== 0 && last === 0) fresh++;
        if (raining) foreground[cell] = (now & last) | (now & older) | (last & older);
        earlier[cell] = last;
        before[cell] = now;
      }
      usual += fresh - (usual >> memory);
    },
  };
}
