// Numbers as text, the same in every language, as `zeus` writes them in its tables.

export interface Unit {
  readonly name: string;
  readonly joules: number;
}

const NOTHING = "–";
const MINUS = "\u2212";
const NARROW_SPACE = "\u202f";

function fixed(value: number, digits: number): string {
  return value.toFixed(digits).replace("-", MINUS);
}

function withUnit(value: number, digits: number, unit: string): string {
  return `${fixed(value, digits)}${NARROW_SPACE}${unit}`;
}

export function joulesUnit(value: number): Unit {
  const size = Math.abs(value);
  if (size >= 1e9) return { name: "GJ", joules: 1e9 };
  if (size >= 1e6) return { name: "MJ", joules: 1e6 };
  if (size >= 1e3) return { name: "kJ", joules: 1e3 };
  return { name: "J", joules: 1 };
}

export function joules(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NOTHING;
  const unit = joulesUnit(value);
  return withUnit(value / unit.joules, 2, unit.name);
}

export function seconds(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NOTHING;
  const size = Math.abs(value);
  if (size >= 48 * 3600) return withUnit(value / 86400, 1, "d");
  if (size >= 3600) return withUnit(value / 3600, 2, "h");
  if (size >= 120) return withUnit(value / 60, 1, "min");
  return withUnit(value, 1, "s");
}

export function percent(part: number, whole: number): string {
  return whole > 0 ? `${fixed((100 * part) / whole, 1)}%` : NOTHING;
}

/** "3 runs". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Local time, in the order in which it sorts: "2026-11-24 03:31:07". */
export function clock(ms: number): string {
  const time = new Date(ms);
  if (Number.isNaN(time.getTime())) return NOTHING;
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
