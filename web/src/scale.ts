/** Maps numbers from `from` to `to`, both [first, last]. */
export function linear(from: readonly [number, number], to: readonly [number, number]): (value: number) => number {
  const range = from[1] - from[0];
  return (value) => (range === 0 ? (to[0] + to[1]) / 2 : to[0] + ((value - from[0]) / range) * (to[1] - to[0]));
}

/** A step of 1, 2 or 5 times a power of ten that divides `range` into about five. */
function niceStep(range: number): number {
  const rough = range / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
}

/** Round numbers from `first` to `last`, none finer than `finest`. */
export function ticks(first: number, last: number, finest = 0): number[] {
  if (!(last > first)) return [first];
  const step = Math.max(finest, niceStep(last - first));
  const found: number[] = [];
  for (let at = Math.ceil(first / step); at * step <= last * (1 + 1e-9); ++at) found.push(at * step);
  return found;
}
