/** A box in pixels of the luma frame. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Grey {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Beyond this share of the picture, in thousandths, larger is no better: the face is cut off. */
const shareMax = 400;
/** What a frame without an object has at most; one with an object has more. */
const emptyMax = 999;

/**
 * How well a frame shows what is in these boxes: mean squared gradient in the best of them, times its share of the picture in
 * thousandths, twice that when it does not touch the edge. Without a box, up to 999 for sharpness alone. An integer below
 * 2^27.
 */
export function judge(frame: Grey, boxes: readonly Box[], boxCount: number): number {
  const { width, height } = frame;
  let best = 0;
  for (let i = 0; i < boxCount; i++) {
    const box = boxes[i];
    if (box === undefined) continue;
    const share = Math.min(shareMax, Math.floor((box.width * box.height * 1000) / (width * height)));
    const inside = box.x > 0 && box.y > 0 && box.x + box.width < width && box.y + box.height < height ? 2 : 1;
    best = Math.max(best, emptyMax + 1 + sharpness(frame, box) * Math.max(1, share) * inside);
  }
  return best > 0 ? best : Math.min(emptyMax, sharpness(frame, { x: 0, y: 0, width, height }));
}

/** Mean squared gradient inside the box: what blur takes away. */
function sharpness({ pixels, width, height }: Grey, box: Box): number {
  const right = Math.min(box.x + box.width, width - 1);
  const bottom = Math.min(box.y + box.height, height - 1);
  let sum = 0;
  let count = 0;
  for (let y = box.y; y < bottom; y++) {
    for (let x = box.x, at = y * width + box.x; x < right; x++, at++) {
      const here = pixels[at] ?? 0;
      const across = (pixels[at + 1] ?? 0) - here;
      const down = (pixels[at + width] ?? 0) - here;
      sum += across * across + down * down;
      count++;
    }
  }
  return count === 0 ? 0 : Math.floor(sum / count);
}
