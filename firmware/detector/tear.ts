/** Tells frames that a broken line or decoder made: rows that repeat, bands shifted against each other, noise. */
export interface Tear {
  isTorn(luma: Uint8Array): boolean;
  /** What the next frame shows is the scene from now on, however it differs from the one before. */
  accept(): void;
}

const bands = 4;
/** One row in so many that repeat the one above is torn: noise makes them differ in a real picture. */
const repeatedShare = 4;
/** Mean step between neighbours that no lens draws at this size. */
const noisyStep = 64;
const evenRow = 6;
/** One pixel in so many is looked at; prime, so that no column is preferred. */
const stride = 13;
const alikeLuma = 4;
/** Pixels of shift that are looked for, and from which on a band was torn off. */
const farthest = 40;
const leastShift = 3;

export function createTear(width: number, height: number): Tear {
  const now = new Int16Array(bands * width);
  const before = new Int16Array(bands * width);
  const reference = new Uint8Array(Math.ceil((width * height) / stride));
  let known = false;
  return {
    accept: () => {
      known = false;
    },
    isTorn: (luma) => {
      if (repeats(luma, width, height) || isNoise(luma)) return true;
      if (known && isAlike(luma, reference)) return false;
      project(luma, width, height, now);
      if (known && isShifted(now, before, width)) return true;
      before.set(now);
      for (let i = 0, at = 0; i < luma.length; i += stride, at++) reference[at] = luma[i] ?? 0;
      known = true;
      return false;
    },
  };
}

/** So alike that nothing can have been torn off since the frame that was taken as sound. */
function isAlike(luma: Uint8Array, reference: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0, at = 0; i < luma.length; i += stride, at++) {
    const off = (luma[i] ?? 0) - (reference[at] ?? 0);
    sum += off < 0 ? -off : off;
  }
  return sum < reference.length * alikeLuma;
}

function repeats(luma: Uint8Array, width: number, height: number): boolean {
  let repeated = 0;
  for (let row = 1; row < height; row++) if (isRepeated(luma, row * width, width)) repeated++;
  return repeated * repeatedShare > height;
}

/** Equal to the row above, and not even: an overexposed sky or a mask may well be. */
function isRepeated(luma: Uint8Array, first: number, width: number): boolean {
  let least = 255;
  let most = 0;
  for (let i = first; i < first + width; i++) {
    const value = luma[i] ?? 0;
    if (value !== luma[i - width]) return false;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return most - least > evenRow;
}

function isNoise(luma: Uint8Array): boolean {
  let sum = 0;
  let count = 0;
  for (let i = 1; i < luma.length; i += stride) {
    const step = (luma[i] ?? 0) - (luma[i - 1] ?? 0);
    sum += step < 0 ? -step : step;
    count++;
  }
  return sum > count * noisyStep;
}

/** Differences between neighbouring columns' sums, band by band: light leaves them alone. One row in four will do. */
function project(luma: Uint8Array, width: number, height: number, sums: Int16Array): void {
  const tall = (height / bands) | 0;
  sums.fill(0);
  for (let band = 0; band < bands; band++) {
    const first = band * width;
    for (let row = band * tall; row < (band + 1) * tall; row += 4) {
      const line = row * width;
      for (let x = 0; x < width; x++) sums[first + x] = (sums[first + x] ?? 0) + (luma[line + x] ?? 0);
    }
    for (let x = 0; x + 1 < width; x++) {
      sums[first + x] = (sums[first + x + 1] ?? 0) - (sums[first + x] ?? 0);
    }
    sums[first + width - 1] = 0;
  }
}

/** Some bands stayed where they were and others are found elsewhere: no object and no shaking mount does that. */
function isShifted(now: Int16Array, before: Int16Array, width: number): boolean {
  let stayed = 0;
  let shifted = 0;
  for (let first = 0; first < now.length; first += width) {
    const still = mismatch(now, before, first, width, 0);
    const drawn = strength(before, first, width);
    if (still * 3 < drawn) stayed++;
    else if (isElsewhere(now, before, first, width, Math.min(still >> 2, (drawn / 3) | 0))) shifted++;
  }
  return stayed > 0 && shifted > 0;
}

function isElsewhere(
  now: Int16Array,
  before: Int16Array,
  first: number,
  width: number,
  most: number,
): boolean {
  for (let shift = leastShift; shift <= Math.min(farthest, width >> 2); shift++) {
    if (mismatch(now, before, first, width, shift) < most) return true;
    if (mismatch(now, before, first, width, -shift) < most) return true;
  }
  return false;
}

/** A column, over the middle half, which both have whatever the shift. */
function mismatch(now: Int16Array, before: Int16Array, first: number, width: number, shift: number): number {
  const from = first + (width >> 2);
  const to = first + width - (width >> 2) - 1;
  let sum = 0;
  for (let i = from; i < to; i++) {
    const off = (now[i + shift] ?? 0) - (before[i] ?? 0);
    sum += off < 0 ? -off : off;
  }
  return (sum / (to - from)) | 0;
}

function strength(sums: Int16Array, first: number, width: number): number {
  const from = first + (width >> 2);
  const to = first + width - (width >> 2) - 1;
  let sum = 0;
  for (let i = from; i < to; i++) {
    const value = sums[i] ?? 0;
    sum += value < 0 ? -value : value;
  }
  return (sum / (to - from)) | 0;
}
