/**
 * The street in metres, as the doorbell sees it: X to the right, Y up from the street, Z away from the door. The
 * ground plan that backdrop, movers and boxes agree on.
 */
export const eyeHeight = 2;
export const porchHeight = 0.6;
export const porchEnd = 2.2;
export const stepsEnd = 2.85;
export const pavementNear = 5.9;
export const pavementFar = 7.5;
export const roadNear = 7.7;
export const roadFar = 14;
export const farPavement = 15.6;
export const housesFront = 20;
export const nearLane = 9.4;
export const farLane = 12.2;
export const walkLine = 6.8;
export const farWalkLine = 14.9;
export const pathCentre = 0.35;
export const pathHalfWidth = 0.6;

/** A pinhole camera: pixels a metre wide at 1 m, and where the horizon lies. */
export interface View {
  readonly width: number;
  readonly height: number;
  readonly focal: number;
  readonly centreX: number;
  readonly horizon: number;
}

export function viewOf(width: number, height: number): View {
  return { width, height, focal: width * 0.41, centreX: width / 2, horizon: height * 0.4 };
}

export function screenX(view: View, x: number, z: number): number {
  return view.centreX + (view.focal * x) / z;
}

export function screenY(view: View, y: number, z: number): number {
  return view.horizon + (view.focal * (eyeHeight - y)) / z;
}

/** The height of the ground that a foot at distance `z` in front of the door stands on. */
export function groundAt(z: number): number {
  if (z >= stepsEnd) return 0;
  if (z <= porchEnd) return porchHeight;
  return (porchHeight * (stepsEnd - z)) / (stepsEnd - porchEnd);
}
