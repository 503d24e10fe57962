// Frames as timecode: the same rendering as archive/timecode.py.

export function timecode(frame, { base, drop, start }) {
  let count = frame + start;
  if (drop) {
    const skip = base / 15;
    const tenMinutes = base * 600 - skip * 9;
    const rest = count % tenMinutes;
    const past = rest >= base * 60 ? 1 + Math.floor((rest - base * 60) / (base * 60 - skip)) : 0;
    count += skip * (9 * Math.floor(count / tenMinutes) + past);
  }
  const two = (value) => String(value).padStart(2, "0");
  const seconds = Math.floor(count / base);
  const minutes = Math.floor(seconds / 60);
  return `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}:${two(seconds % 60)}${drop ? ";" : ":"}${two(count % base)}`;
}
