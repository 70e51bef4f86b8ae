/** Where button, light and chime are wired: the chip and its line numbers. */
export interface Wiring {
  /** `/dev/gpiochip0` */
  readonly chip: string;
  readonly button: number | undefined;
  readonly light: number | undefined;
  readonly chime: number | undefined;
}

export type GpioMajor = 1 | 2;

/** Which generation of libgpiod's tools says this of itself: `gpiomon (libgpiod) v1.6.3`. */
export function gpioMajor(versionText: string): GpioMajor | undefined {
  const major = / v?([0-9]+)\.[0-9]/.exec(versionText)?.[1];
  return major === "1" ? 1 : major === "2" ? 2 : undefined;
}

/** Arguments of `gpiomon` for a button between the line and ground: one line of text for each edge. */
export function monitorArguments(major: GpioMajor, chip: string, line: number): readonly string[] {
  return major === 1
    ? ["--line-buffered", "--active-low", "--bias=pull-up", "--format=%e", chip, `${line}`]
    : ["--chip", chip, "--edges", "both", "--active-low", "--bias", "pull-up", "--format", "%e", `${line}`];
}

/** What an edge's line of text says of the button. Version 1 prints 1 and 0, version 2 prints 1 and 2. */
export function edgeOf(major: GpioMajor, text: string): "down" | "up" | undefined {
  if (text === "1") return "down";
  return text === (major === 1 ? "0" : "2") ? "up" : undefined;
}

/** Arguments of `gpioset` to put a line low and end: many kernels leave it so. */
export function offArguments(major: GpioMajor, chip: string, line: number): readonly string[] {
  return major === 1 ? ["--mode=exit", chip, `${line}=0`] : ["--toggle", "0", "--chip", chip, `${line}=0`];
}

/** Arguments of `gpioset` to hold a line until the program is ended. */
export function holdArguments(major: GpioMajor, chip: string, line: number, on: boolean): readonly string[] {
  const level = `${line}=${on ? 1 : 0}`;
  return major === 1 ? ["--mode=signal", chip, level] : ["--chip", chip, level];
}
